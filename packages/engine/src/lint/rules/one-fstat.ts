import { advice } from '../../diagnostics/diagnostic.ts';
import { allowing } from '../mends.ts';
import type { PolicyRule } from '../policy-rule.ts';

const WAYS = ['fstat', 'newfstatat'];

/** glibc has changed its mind twice. */
export const oneFstat: PolicyRule = {
  code: 'one-fstat',
  severity: 'low',
  about:
    'Only one of fstat and newfstatat passes. The fstat() of glibc calls fstat in 2.31 and in 2.41, and newfstatat in 2.36: programs that work in one base image fail in another.',
  *find(judged) {
    const { native } = judged;
    if (native.name !== 'x86_64' && native.name !== 'aarch64') return;
    const passing = WAYS.filter((name) => judged.passes(native, name) !== 'never');
    const denied = WAYS.find((name) => judged.fails(native, name));
    if (passing.length !== 1 || !denied) return;
    const witness = judged.witness(native, denied);
    const { origin } = judged.verdict(native, denied, witness.args);
    // sibling-passes tells it of a rule that denies one.
    if (origin.because === 'rule') return;
    yield {
      message: `${passing[0]} passes and ${denied} does not: glibc's fstat() calls fstat in 2.31 and 2.41, newfstatat in 2.36`,
      place: judged.placeOf(origin),
      witness,
      fix: advice(`allow ${denied}, too`),
      ...allowing(judged, [denied]),
    };
  },
};
