/** Text as it may stand in HTML, between tags and in quoted attributes; what HTML forbids, or turns text round, is replaced. */
export function escaped(value: string): string {
  return value
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd')
    .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** One page that needs nothing else, in light and dark. */
export function htmlDocument(title: string, body: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>${STYLE}</style></head>
<body>
${body.join('\n')}
<script>${SCRIPT}</script>
</body></html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2330; --dim: #667085; --line: #e4e7ec; --box: #f7f8fa; --page: #fff;
  --old: #b8c4d6; --new: #2f9e63; --guess: #7c6cd8; --bad: #c4432b; --warn: #a86a00 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --dim: #98a2b3; --line: #2b303b; --box: #1c2029; --page: #14171d;
  --old: #4b5872; --new: #3fbf7c; --guess: #a597f5; --bad: #f0806a; --warn: #e0a84a } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2.5rem auto; max-width: 66rem; padding: 0 1.2rem }
h1 { font-size: 1.7rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.6rem 0 .6rem } p { margin: .4rem 0 } .dim { color: var(--dim) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .8rem; margin: 1.4rem 0 }
.tile { background: var(--box); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem }
.tile b { display: block; font-size: 1.8rem; line-height: 1.2 } .good { color: var(--new) } .bad { color: var(--bad) } .warn { color: var(--warn) }
ul { padding-left: 1.2rem; margin: .4rem 0 } code, td:first-child { font-family: ui-monospace, monospace; font-size: .92em }
table { border-collapse: collapse; width: 100% } th { text-align: left; font-weight: 600; color: var(--dim); font-size: .85rem }
td, th { padding: .28rem .9rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top } .num { text-align: right; font-variant-numeric: tabular-nums }
tr.added td { color: var(--dim) } .pill { display: inline-block; border-radius: 1rem; padding: 0 .55rem; font-size: .8rem; background: var(--box); border: 1px solid var(--line); margin-right: .25rem; white-space: nowrap }
.runs { white-space: nowrap } .run { display: inline-block; width: .7rem; height: .95rem; margin-right: 2px; border-radius: 2px; background: var(--new); vertical-align: -2px }
.run.none { background: none; outline: 1px solid var(--line); outline-offset: -1px }
.find { display: flex; flex-wrap: wrap; gap: .5rem; margin: .6rem 0 } .find input { flex: 1 1 16rem; font: inherit; padding: .35rem .7rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--box); color: inherit }
.find button { font: inherit; font-size: .85rem; padding: .2rem .7rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--box); color: inherit; cursor: pointer } .find button[aria-pressed=true] { background: var(--ink); color: var(--page) }
svg { width: 100%; max-width: 44rem; display: block } svg text { fill: var(--dim); font: 11px system-ui, sans-serif } .old { fill: var(--old) } .new { fill: var(--new) } .band { fill: var(--guess); opacity: .14 } .guess { stroke: var(--guess); stroke-dasharray: 5 4 } .axis { stroke: var(--line) } .known { fill: none; stroke: var(--ink); stroke-width: 1.5 }
svg .up { fill: var(--new); font-weight: 600 } .names { columns: 11rem; font-family: ui-monospace, monospace; font-size: .85em; margin-top: .5rem }
td:first-child { min-width: 8rem } .liked td { width: 1% } .liked td + td { width: auto }
@media print { .find { display: none } }
`;

/** Shows the rows of the table that hold every word which is looked for, and the chosen phase. */
const SCRIPT = `
const find = document.querySelector('.find'), input = find.querySelector('input'), buttons = [...find.querySelectorAll('button')];
const rows = [...document.querySelectorAll('#calls tbody tr')], count = document.querySelector('#count');
function show() {
  const words = input.value.toLowerCase().split(/ +/), phase = buttons.find((b) => b.ariaPressed === 'true').value;
  for (const row of rows) row.hidden = !words.every((w) => row.textContent.toLowerCase().includes(w)) || !(' ' + row.dataset.when + ' ').includes(phase);
  count.textContent = rows.filter((row) => !row.hidden).length + ' of ' + rows.length;
}
find.hidden = false;
input.oninput = show;
for (const b of buttons) b.onclick = () => { for (const other of buttons) other.ariaPressed = String(other === b); show(); };
show();
`;
