import type { CarrierReading } from '../carrier.ts';
import { ListFaults } from '../list/faults.ts';
import { firstMatches } from '../list/first-match.ts';
import { profileTree } from '../list/listed-profile.ts';
import { ACTIONS } from './actions.ts';
import { PolicyReader } from './policy.ts';
import { TokenReader } from './token-reader.ts';
import { type Token, tokensOf } from './tokens.ts';

/** What a policy of kafel says; undefined where the text does not begin as one. Source: kafel's grammar and README. */
export function readKafel(text: string): CarrierReading | undefined {
  if (!/\b(?:POLICY|DEFAULT|USE|ALLOW|DENY|KILL|ERRNO|LOG)\b/.test(text)) return undefined;
  const tokens = tokensOf(text);
  if (!beginsLikeOne(tokens)) return undefined;
  const faults = new ListFaults();
  const said = new PolicyReader(new TokenReader(tokens, faults), faults).read();
  if (!said) return { profiles: [], diagnostics: faults.all };
  const { byDefault, answers } = said;
  if (!byDefault.name.startsWith('KILL'))
    faults.warn(
      'list-inexpressible',
      `kafel does not tell calls of x32 from those of x86_64, so that they get this; a profile without x32 kills them`,
      byDefault.span,
    );
  const calls = firstMatches(answers, byDefault, faults);
  const tree = profileTree({ byDefault, calls, listener: 'nsjail', span: byDefault.span });
  return { profiles: [{ name: 'kafel', tree, diagnostics: [] }], diagnostics: faults.all };
}

function beginsLikeOne(tokens: readonly Token[]): boolean {
  const [first] = tokens;
  const isStart = (at: number): boolean => {
    const [word, second, third] = tokens.slice(at, at + 3).map(({ text }) => text);
    if (word === 'POLICY') return third === '{';
    if (word === 'USE' || word === 'DEFAULT') return tokens[at + 1].kind === 'name';
    if (!Object.hasOwn(ACTIONS, word)) return false;
    return ACTIONS[word].takesNumber ? second === '(' : second === '{';
  };
  if (first.text !== '#' && first.kind !== 'include') return isStart(0);
  return tokens.some((_, at) => isStart(at));
}
