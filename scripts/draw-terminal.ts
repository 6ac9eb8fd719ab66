/**
 * Draws docs/images/terminal.svg: what callgate really says to a few commands on this machine, with its colours, for light
 * and dark pages. Needs script(1) for the terminal, and a built checkout:
 *   npx tsx scripts/draw-terminal.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const BIN = join(ROOT, 'packages/cli/bin/callgate.js');
const OUT = join(ROOT, 'docs/images/terminal.svg');

/** What is typed, and what of the output is shown: the lines that match, or all. */
const SCENES: readonly { readonly typed: string; readonly shows?: RegExp }[] = [
  { typed: 'callgate record --profile date.json -- date', shows: /callgate|^ {2}/ },
  { typed: 'callgate run --profile date.json -- date' },
  { typed: 'callgate run --profile date.json --log -- mkdir foothold' },
  { typed: 'callgate explain date.json mkdir' },
];

const LINE = 19;
const CHARACTER = 8.43;
const MARGIN = 16;
const CLASSES: Readonly<Record<string, string>> = { 1: 'b', 2: 'd', 31: 'r', 32: 'g', 33: 'y', 36: 'c' };
const RESETS = new Set(['0', '22', '39']);

const folder = mkdtempSync(join(tmpdir(), 'callgate-drawing-'));
try {
  const lines = SCENES.flatMap(({ typed, shows }) => [
    `\u001b[2m$\u001b[22m ${typed}`,
    ...output(typed).filter((line) => !shows || shows.test(line)),
    '',
  ]);
  mkdirSync(join(ROOT, 'docs/images'), { recursive: true });
  writeFileSync(OUT, svg(lines.slice(0, -1)));
} finally {
  rmSync(folder, { recursive: true });
}

/** What a command says on a terminal of 100 columns, whatever its status is. */
function output(typed: string): string[] {
  const command = typed.replace(/^callgate/, `'${process.execPath}' '${BIN}'`);
  const env = { ...process.env, COLUMNS: '100', LC_ALL: 'C', TZ: 'UTC', TERM: 'xterm', NO_COLOR: '' };
  const text = execFileSync('script', ['-qec', `${command}; true`, '/dev/null'], { cwd: folder, env });
  return text.toString('utf8').trimEnd().split(/\r?\n/);
}

function svg(lines: readonly string[]): string {
  const width = Math.ceil(Math.max(...lines.map((line) => plain(line).length)) * CHARACTER) + 2 * MARGIN;
  const height = lines.length * LINE + 2 * MARGIN;
  const rows = lines.map(
    (line, i) =>
      `  <text xml:space="preserve" x="${MARGIN}" y="${MARGIN + 14 + i * LINE}">${spans(line)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="callgate records date, confines it, turns mkdir away and explains why">
  <!-- Drawn by scripts/draw-terminal.ts from real output. -->
  <style>
    rect { fill: #f6f8fa; stroke: #d0d7de }
    text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
    .b { font-weight: 700 } .d { fill: #656d76 } .r { fill: #cf222e } .g { fill: #1a7f37 } .y { fill: #9a6700 } .c { fill: #1b7c83 }
    @media (prefers-color-scheme: dark) {
      rect { fill: #0d1117; stroke: #30363d } text { fill: #e6edf3 } .d { fill: #8d96a0 }
      .r { fill: #ff7b72 } .g { fill: #3fb950 } .y { fill: #d29922 } .c { fill: #39c5cf }
    }
  </style>
  <rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${rows.join('\n')}
</svg>
`;
}

/** Colours of the terminal as classes. */
function spans(line: string): string {
  let open: string[] = [];
  return line
    .split(/(\u001b\[\d+m)/)
    .map((part) => {
      const code = /^\u001b\[(\d+)m$/.exec(part)?.[1];
      if (code === undefined) {
        const text = escaped(part);
        return open.length > 0 && text !== '' ? `<tspan class="${open.join(' ')}">${text}</tspan>` : text;
      }
      open = RESETS.has(code) ? [] : [...open, CLASSES[code]];
      return '';
    })
    .join('');
}

function plain(line: string): string {
  return line.replace(/\u001b\[\d+m/g, '');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
