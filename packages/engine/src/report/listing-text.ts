import type { ListingLine } from './listing.ts';
import type { Style } from './style.ts';

const LABEL_WIDTH = 7;
const TEXT_WIDTH = 30;

/** A listing in columns: label, instruction, comment; `notes` go behind the comments. */
export function listingText(
  style: Style,
  lines: readonly ListingLine[],
  notes: readonly string[] = [],
): string {
  return lines
    .map(({ at, label, text, comment }) => {
      const head = (label === undefined ? '' : `${label}:`).padEnd(LABEL_WIDTH);
      const remark = [comment, notes[at]].filter(Boolean).join('  — ');
      const body = remark === '' ? text : text.padEnd(TEXT_WIDTH);
      const coloured = text.startsWith('ret') ? colourOf(style, comment)(body) : body;
      return `${style.dim(head)}${coloured}${remark === '' ? '' : ` ${style.dim(`; ${remark}`)}`}\n`;
    })
    .join('');
}

function colourOf(style: Style, action: string): (text: string) => string {
  if (action === 'ALLOW') return style.green;
  return action === 'LOG' || action.startsWith('TRACE') || action === 'NOTIFY' ? style.yellow : style.red;
}
