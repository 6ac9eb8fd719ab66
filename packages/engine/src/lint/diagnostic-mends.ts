import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Mend } from '../edit/mend.ts';

/** How the text of a profile is mended where reading or lowering it said something; undefined where only its author knows. */
export function mendOf({ code, place, remedy }: Diagnostic): Mend | undefined {
  switch (code) {
    case 'unknown-syscall':
    case 'absent-everywhere':
      return remedy?.kind === 'did-you-mean' ? { kind: 'rename', place, word: remedy.word } : undefined;
    case 'rule-equals-default':
      return { kind: 'drop', what: 'rule', place };
    case 'errno-ignored':
      return { kind: 'drop', what: 'key', place };
    default:
      return undefined;
  }
}
