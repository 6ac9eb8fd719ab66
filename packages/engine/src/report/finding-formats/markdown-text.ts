import { printable } from '../words.ts';

/** What mentions of people, references to issues and the like, and links begin with. */
const TRIGGERS = /@|[#!%~$&](?=\w)|:(?=\/)|www(?=\.)|GH-(?=\d)/gi;
const MARKUP = /[&<>|\\`*_~[\]$#@]/g;

/**
 * Text that Markdown shows as it is. A character reference is never markup; but GitHub and GitLab look for mentions when
 * references are resolved, so a space without width parts what they look for.
 */
export function plain(text: string): string {
  return printable(text)
    .replace(TRIGGERS, '$&\u200b')
    .replace(MARKUP, (c) => `&#${c.charCodeAt(0)};`);
}
