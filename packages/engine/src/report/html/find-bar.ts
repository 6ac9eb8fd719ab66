/** One thing to choose, and how it is called. */
export type Choice = readonly [value: string, words: string];

/**
 * A field to search by and buttons to choose by: of the elements with data-when it leaves those that hold every word and whose
 * data-when has the chosen value. Of the elements with data-group those stay in which one is left. Hidden where no script runs.
 */
export function findBar(placeholder: string, choices: readonly Choice[]): string {
  const buttons = [['', 'all'] as const, ...choices].map(
    ([value, words]) =>
      `<button type="button" value="${value && ` ${value} `}" aria-pressed="${value === ''}">${words}</button>`,
  );
  return `<div class="find" hidden="hidden"><input type="search" placeholder="${placeholder}" aria-label="find">${buttons.join('')}<span id="count" class="dim"></span></div>`;
}

export const FIND_BAR_STYLE = `
.find { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin: .6rem 0 } .find[hidden] { display: none } .find input { flex: 1 1 16rem; font: inherit; padding: .35rem .7rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--box); color: inherit }
.find button { font: inherit; font-size: .85rem; padding: .2rem .7rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--box); color: inherit; cursor: pointer } .find button[aria-pressed=true] { background: var(--ink); color: var(--page) }
@media print { .find { display: none } }
`;

export const FIND_BAR_SCRIPT = `
const find = document.querySelector('.find'), input = find.querySelector('input'), buttons = [...find.querySelectorAll('button')];
const rows = [...document.querySelectorAll('[data-when]')], groups = document.querySelectorAll('[data-group]'), count = document.querySelector('#count');
function show() {
  const words = input.value.toLowerCase().split(/ +/), when = buttons.find((b) => b.ariaPressed === 'true').value;
  for (const row of rows) row.hidden = !words.every((w) => row.textContent.toLowerCase().includes(w)) || !(' ' + row.dataset.when + ' ').includes(when);
  for (const group of groups) {
    group.hidden = !group.querySelector('[data-when]:not([hidden])');
    if ('open' in group) group.open = group.dataset.group === 'open' || input.value !== '' || when !== '';
  }
  count.textContent = rows.filter((row) => !row.hidden).length + ' of ' + rows.length;
}
find.hidden = false;
input.oninput = show;
for (const b of buttons) b.onclick = () => { for (const other of buttons) other.ariaPressed = String(other === b); show(); };
show();
`;
