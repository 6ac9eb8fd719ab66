import { type Difference, diffPolicies } from '../analysis/diff.ts';
import type { Span } from '../diagnostics/span.ts';
import type { Policy } from '../policy/policy.ts';
import { type ProfileText, textMeaning } from '../policy/text-meaning.ts';
import { ENOSYS } from '../runtime/enosys-stub.ts';
import { type Asked, amend } from './amend.ts';
import { type Amended, NotAsAsked } from './amended.ts';
import { ProfileEditor } from './profile-editor.ts';

/** How the text of a profile is changed so that what is wrong with it goes. */
export type Mend =
  | { readonly kind: 'decide'; readonly calls: readonly Asked[] }
  /** A name that is no call becomes the one that was meant. */
  | { readonly kind: 'rename'; readonly place: Span; readonly word: string }
  /** Not the thread dies, but its process. */
  | { readonly kind: 'kill-process'; readonly place: Span }
  /** A name, a key or a rule without effect goes: that which stands at the place, or around it. */
  | { readonly kind: 'drop'; readonly what: 'name' | 'key' | 'rule'; readonly place: Span }
  /** A comparison of 64 bits becomes one of the lower 32. */
  | { readonly kind: 'compare-low-half'; readonly place: Span };

/** Mends a text, and proves that nothing else has changed its meaning. Throws NotAsAsked where it has. */
export function mendText(subject: ProfileText, mend: Mend): Amended {
  if (mend.kind === 'decide') return amend(subject, { calls: mend.calls });
  const editor = new ProfileEditor(subject);
  const touched = change(editor, mend);
  const [before, after] = [subject.text, editor.text].map((text) => textMeaning({ ...subject, text }));
  if (before.kind === 'faulty') return before;
  if (after.kind === 'faulty') throw new NotAsAsked('the text could not be changed and still be read');
  expectOnly(before.policy, after.policy, touched);
  return { kind: 'amended', text: editor.text, before: before.policy, after: after.policy };
}

/** Which differences are meant. */
type Touched = (difference: Difference) => boolean;

function change(editor: ProfileEditor, mend: Exclude<Mend, { readonly kind: 'decide' }>): Touched {
  switch (mend.kind) {
    case 'rename':
      editor.replaceWords([mend]);
      return (difference) => difference.name === mend.word || isHorizon(difference);
    case 'kill-process':
      editor.replaceWords([{ place: mend.place, word: 'SCMP_ACT_KILL_PROCESS' }]);
      return ({ before, after }) => before.kind === 'KILL_THREAD' && after.kind === 'KILL_PROCESS';
    case 'drop':
      editor.drop(mend.what, mend.place);
      return () => false;
    case 'compare-low-half': {
      const names = editor.compareLowHalf(mend.place);
      return ({ name }) => name !== undefined && names.includes(name);
    }
  }
}

/** A runtime answers ENOSYS above the highest call that a profile names, and the one that was meant is another. */
function isHorizon({ before, after }: Difference): boolean {
  return before.kind === 'ERRNO' && after.kind === 'ERRNO' && [before.data, after.data].includes(ENOSYS);
}

function expectOnly(before: Policy, after: Policy, isMeant: Touched): void {
  const { listed, isComplete } = diffPolicies(before, after);
  // Numbers that no call has are answered as the runtime's own rule has it.
  const other = listed.find((d) => (d.name !== undefined || d.arch === 'other') && !isMeant(d));
  if (other)
    throw new NotAsAsked(
      `${other.name ?? `architecture ${other.arch}`} would change, too: ${other.before.kind} → ${other.after.kind}`,
    );
  if (!isComplete) throw new NotAsAsked('more would change than can be listed');
}
