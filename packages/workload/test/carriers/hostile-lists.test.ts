import { readListCarrier } from '@callgate/workload/internal/carriers/list-carriers';
import { expect, it } from 'vitest';

const SIZE = 250_000;
const filled = (start: string, part: string, end = '') =>
  start + part.repeat(Math.floor((SIZE - start.length - end.length) / part.length)) + end;

it.each([
  ['lines', filled('', '\n')],
  ['blanks', filled('read: 1\nmkdir', ' ', 'x')],
  ['parentheses', filled('ALLOW { read { ', '(')],
  ['nots', filled('ALLOW { read { ', '!')],
  ['complements', filled('read: 1\nmkdir: arg0 == ', '~', '1')],
  ['parentheses of a constant', filled('read: 1\nmkdir: arg0 == ', '(')],
  ['ors', filled('read: 1\nmkdir: ', 'arg0 == 1 || ', 'arg0 == 2')],
  ['ands', filled('read: 1\nmkdir: ', 'arg0 != 1 && ', 'arg0 == 2')],
  ['lines that go on', filled('[Service]\nSystemCallFilter=', 'a \\\n')],
  ['groups', filled('seccomp.drop ', '@system-service,')],
  ['answers to one call', filled('', 'ALLOW { mkdir(a) { a == 1 } } ERRNO(1) { mkdir(b) { b == 2 } }')],
  ['conditions', filled('2\ndenylist\nmkdir errno 1 ', '[0,1,==')],
  ['comments', filled('ALLOW { read } ', '/*')],
])('reads a text full of %s in bounded time', (_, text) => {
  const start = performance.now();
  const found = readListCarrier(text, 'list');
  // Half a second on a machine that does nothing else.
  expect(performance.now() - start).toBeLessThan(5000);
  expect(found?.reading.diagnostics.length ?? 0).toBeLessThan(600);
});
