import { decompilePolicy } from '@callgate/engine/internal/lift/decompile';
import type { ProfileText } from '@callgate/engine/internal/policy/text-meaning';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { printable } from '@callgate/engine/internal/report/words';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { settledTarget } from '@callgate/workload/internal/carriers/proof';
import { CliFailure, type Context } from '../context.ts';
import { readText } from './read-text.ts';
import { liveText, loadSubject, partOf } from './subject.ts';

/**
 * The text of a profile that others are built on: a file's own, else the profile that a subject is or that a filter is exactly.
 */
export async function baseText(context: Context, name: string, target: Target): Promise<ProfileText> {
  const subject = await loadSubject(context, name, target, { quiet: true, allowUnknown: true });
  const { source, policy, carrier, stock } = subject;
  const unfiltered = liveText(subject).trim();
  if (unfiltered !== '') throw new CliFailure(`${unfiltered}; it is no base`);
  const unknownNames = 'skip';
  if (!source) {
    const made = decompilePolicy(policy);
    if (!made?.exact)
      throw new CliFailure(
        `no profile says exactly what ${printable(name)} does; callgate decompile --inexact writes the nearest`,
      );
    const runtime = { name: made.runtime };
    return {
      name: 'base.json',
      text: stringifyProfile(made.profile),
      target: { ...subject.target, runtime },
    };
  }
  const { file, part } = partOf(context, name);
  const own = !stock && !carrier && part === undefined && /\.(?:json|ya?ml)$/i.test(file);
  const text = own ? await readText(context, file) : '';
  if (text !== '' && !CARRYING.some((key) => text.includes(key)))
    return { name: file, text, target: subject.target, unknownNames };
  return {
    name: 'base.json',
    text: stringifyProfile(source.profile),
    target: settledTarget(source.profile, subject.target),
    unknownNames,
  };
}

/** Keys of documents that hold a profile beside other things. */
const CARRYING = ['apiVersion', 'ociVersion'];
