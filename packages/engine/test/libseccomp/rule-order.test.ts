import { describe, expect, it } from 'vitest';
import { lowerProfile } from '../../src/policy/lower.ts';
import { parseProfile } from '../../src/profile/parse.ts';

/** A condition as `argument operator value`; for ME the value is `mask/datum`. A rule is conditions, then its action. */
type Rule = readonly [...conditions: string[], action: string];
type Answer = 'accepts' | 'refuses the last';

const HIGH = 2n ** 32n;
/** What libseccomp 2.5.4 answers, on x86_64 alone. */
const ASKED: readonly (readonly [Answer, ...Rule[]])[] = [
  // The same conditions, and others.
  ['refuses the last', ['0 EQ 1', 'LOG'], ['0 EQ 1', 'TRAP']],
  ['accepts', ['0 EQ 1', 'LOG'], ['0 EQ 1', 'LOG']],
  ['accepts', ['0 EQ 1', 'LOG'], ['0 NE 1', 'TRAP']],
  ['accepts', ['0 GT 5', 'LOG'], ['0 LE 5', 'TRAP']],
  ['accepts', ['0 EQ 1', 'LOG'], ['0 EQ 1', '1 EQ 2', 'TRAP']],
  ['refuses the last', ['0 EQ 1', '1 EQ 2', 'LOG'], ['0 EQ 1', 'TRAP']],
  ['accepts', ['0 EQ 1', '1 EQ 2', 'LOG'], ['1 EQ 2', 'TRAP']],
  // Bounds whose high words are the same share what follows from those words.
  ['refuses the last', ['1 LE 2', '2 EQ 1', 'LOG'], ['1 LE 3', 'TRAP']],
  ['refuses the last', ['0 GT 5', '1 EQ 2', 'LOG'], ['0 GT 9', 'TRAP']],
  ['refuses the last', ['0 GT 5', '1 EQ 2', 'LOG'], ['0 GE 9', 'TRAP']],
  ['refuses the last', ['0 LT 5', '1 EQ 2', 'LOG'], ['0 LE 9', 'TRAP']],
  ['refuses the last', ['0 NE 5', '1 EQ 2', 'LOG'], ['0 NE 9', 'TRAP']],
  ['accepts', ['0 LE 2', '1 EQ 1', 'LOG'], ['0 LE 3', 'LOG']],
  ['accepts', ['0 LE 3', 'TRAP'], ['0 LE 2', '1 EQ 1', 'LOG']],
  ['accepts', ['0 GT 5', 'LOG'], ['0 GT 9', 'TRAP']],
  ['accepts', ['0 LT 5', 'LOG'], ['0 LT 9', 'TRAP']],
  ['accepts', ['0 NE 5', 'LOG'], ['0 NE 9', 'TRAP']],
  ['accepts', ['0 GT 5', '1 EQ 2', 'LOG'], ['0 LT 9', 'TRAP']],
  ['accepts', ['0 EQ 5', '1 EQ 2', 'LOG'], ['0 EQ 9', 'TRAP']],
  ['accepts', ['0 ME 15/5', '1 EQ 2', 'LOG'], ['0 ME 255/5', 'TRAP']],
  // Other high words, nothing shared.
  ['accepts', [`0 LE ${HIGH + 2n}`, '1 EQ 1', 'LOG'], ['0 LE 3', 'TRAP']],
  ['accepts', ['0 GT 5', '1 EQ 2', 'LOG'], [`0 GT ${HIGH}`, 'TRAP']],
  ['refuses the last', [`0 LE ${HIGH + 2n}`, '1 EQ 1', 'LOG'], [`0 LE ${HIGH}`, 'TRAP']],
];

const OPERATORS: Readonly<Record<string, string>> = { ME: 'MASKED_EQ' };

function ruleText(rule: Rule): string {
  const args = rule.slice(0, -1).map((condition) => {
    const [index, op, operand] = condition.split(' ');
    const [value, valueTwo = '0'] = operand.split('/');
    return `{"index":${index},"op":"SCMP_CMP_${OPERATORS[op] ?? op}","value":${value},"valueTwo":${valueTwo}}`;
  });
  return `{"names":["semop"],"action":"SCMP_ACT_${rule.at(-1)}","args":[${args.join(',')}]}`;
}

function answerTo(rules: readonly Rule[]): Answer {
  const text = `{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"syscalls":[${rules.map(ruleText).join(',')}]}`;
  const { value, diagnostics } = lowerProfile(parseProfile(text).value!, {
    native: 'x86_64',
    kernel: { major: 6, minor: 18 },
    capabilities: [],
  });
  if (value) return 'accepts';
  const errors = diagnostics.filter((d) => d.severity === 'error');
  expect(errors.map((d) => [d.code, d.place.start])).toEqual([
    ['rule-conflict', text.lastIndexOf('"semop"')],
  ]);
  return 'refuses the last';
}

describe('libseccomp, asked for rules of one call, and callgate', () => {
  it.each(ASKED.map(([answer, ...rules]) => ({ answer, rules })))('$answer: $rules', ({ answer, rules }) => {
    expect(answerTo(rules)).toBe(answer);
  });
});
