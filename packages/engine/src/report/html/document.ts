import { replaceUnprintable } from '../../source/unprintable.ts';

/** Text as it may stand in HTML, between tags and in quoted attributes; what HTML forbids, or turns text round, is replaced. */
export function escaped(value: string): string {
  return replaceUnprintable(value, () => '\ufffd')
    .replace(/\p{Noncharacter_Code_Point}/gu, '\ufffd')
    .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** What a page is made of. */
export interface Page {
  readonly title: string;
  /** HTML, a part a line. */
  readonly body: readonly string[];
  /** CSS of the parts, beside that of every page. */
  readonly style: readonly string[];
  /** JavaScript; the page has to say everything without it. */
  readonly script?: string;
}

/** One page that needs nothing else, in light and dark. */
export function htmlDocument({ title, body, style, script }: Page): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>${STYLE}${style.join('')}</style></head>
<body>
${body.join('\n')}
${script === undefined ? '' : `<script>${script}</script>\n`}</body></html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2330; --dim: #667085; --line: #e4e7ec; --box: #f7f8fa; --page: #fff;
  --old: #b8c4d6; --new: #2f9e63; --guess: #7c6cd8; --bad: #c4432b; --warn: #a86a00 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --dim: #98a2b3; --line: #2b303b; --box: #1c2029; --page: #14171d;
  --old: #4b5872; --new: #3fbf7c; --guess: #a597f5; --bad: #f0806a; --warn: #e0a84a } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2.5rem auto; max-width: 66rem; padding: 0 1.2rem }
h1 { font-size: 1.7rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.6rem 0 .6rem } p { margin: .4rem 0 } .dim { color: var(--dim) }
ul { padding-left: 1.2rem; margin: .4rem 0 } code { font-family: ui-monospace, monospace; font-size: .92em }
.good { color: var(--new) } .bad { color: var(--bad) } .warn { color: var(--warn) }
`;
