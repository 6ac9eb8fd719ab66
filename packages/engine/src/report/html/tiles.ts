import type { UsualCalls } from '../../build/runtime-default.ts';
import type { Synthesis } from '../../build/synthesize.ts';
import type { Completeness } from '../../recording/completeness.ts';
import { plural } from '../words.ts';
import { escaped } from './document.ts';

/** What there is to know at a glance. */
export function tiles(
  { reasons }: Synthesis,
  usual: UsualCalls,
  completeness: Completeness | undefined,
): string {
  const looser = usual.looser.length;
  return `<div class="tiles">${[
    tile(
      `${reasons.size}`,
      '',
      `${reasons.size === 1 ? 'call' : 'calls'} allowed; everything else fails with EPERM`,
    ),
    tile(
      `${usual.closed.length}`,
      'good',
      `of ${plural(usual.calls.size, 'call')} that ${usual.name}’s default allows are closed`,
    ),
    completenessTile(completeness),
    looser === 0
      ? tile('not looser', 'good', `than ${usual.name}’s default, in any call`)
      : tile(`${looser} looser`, 'bad', `than ${usual.name}’s default; see below`),
  ].join('')}</div>`;
}

function tile(value: string, kind: string, words: string): string {
  return `<div class="tile"><b class="${kind}">${escaped(value)}</b>${escaped(words)}</div>`;
}

function completenessTile(completeness: Completeness | undefined): string {
  if (!completeness) return tile('one run', 'warn', 'says nothing of others: record more');
  const { seen, estimated, runs, identical } = completeness;
  const share = Math.round((100 * seen) / (estimated || 1));
  if (identical)
    return tile(`${runs} equal runs`, 'warn', 'say nothing of runs that would differ: vary what you do');
  const words = `of about ${Math.round(estimated)} calls seen in ${runs} runs`;
  return tile(`${share} %`, share >= 95 ? 'good' : 'warn', words);
}

export const TILES_STYLE = `
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .8rem; margin: 1.4rem 0 }
.tile { background: var(--box); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem } .tile b { display: block; font-size: 1.8rem; line-height: 1.2 }
`;
