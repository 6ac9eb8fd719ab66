import { advice } from '../../diagnostics/diagnostic.ts';
import { ENOSYS } from '../../runtime/enosys-stub.ts';
import type { Judged } from '../judged.ts';
import { listed } from '../listed.ts';
import type { PolicyRule } from '../policy-rule.ts';
import { SIBLINGS } from '../siblings.ts';

/** The rule one-fstat is about them. */
const FSTATS = ['fstat', 'newfstatat'];

/** What a program did by one call it does by another after the next update. */
export const siblingsLacking: PolicyRule = {
  code: 'siblings-lacking',
  severity: 'info',
  about:
    'A call passes, and another one that does the same harmless thing is denied by default. A program that is built with another compiler, or runs with another library, may make that one and fail.',
  *find(judged) {
    const { native } = judged;
    const lacking = SIBLINGS.filter(({ isGuarded }) => !isGuarded).flatMap(({ calls }) => {
      const [passing] = calls.filter((name) => judged.passes(native, name) === 'always');
      return passing === undefined
        ? []
        : calls.filter((name) => isLacking(judged, name)).map((name) => ({ name, passing }));
    });
    const told = lacking.filter(({ name }) => !FSTATS.includes(name));
    const [first] = told;
    if (!first) return;
    const witness = judged.witness(native, first.name);
    yield {
      message: `some programs make these calls in the place of others that pass: ${listed(told.map(({ name, passing }) => `${name} (${passing})`))}`,
      calls: told.map(({ name }) => name),
      place: judged.placeOf(judged.verdict(native, first.name, witness.args).origin),
      witness,
      fix: advice('allow them, too, or record the program with the libraries that it will have'),
    };
  },
};

/** Whether a call fails because nobody thought of it, and with another answer than that there is none. */
function isLacking(judged: Judged, name: string): boolean {
  const { native } = judged;
  if (!judged.isInKernel(name) || !judged.fails(native, name)) return false;
  return judged
    .verdicts(native, name)
    .every(
      ({ verdict: { origin, action, data } }) =>
        origin.because === 'default' && !(action === 'ERRNO' && data === ENOSYS),
    );
}
