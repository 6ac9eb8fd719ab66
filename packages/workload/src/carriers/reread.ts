import { decodeProgram } from '@callgate/engine/internal/bpf/encode';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { readListing } from '@callgate/engine/internal/bpf/read-listing';
import { type Diagnostic, error, hasErrors } from '@callgate/engine/internal/diagnostics/diagnostic';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { parseProfileTree } from '@callgate/engine/internal/profile/parse';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { readsExactKeys } from '@callgate/engine/internal/runtime/dialects/choose';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { profileSubject, programSubject } from '@callgate/engine/internal/subject/subject';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import type { Carrier, CarrierFile, CarrierReading, Shipment } from './carrier.ts';

/** What was written, as callgate reads it: its meaning, and the profile where it is none of a filter; or why it is neither. */
export type Reread =
  | { readonly policy: Policy; readonly profile?: Profile }
  | { readonly diagnostics: readonly Diagnostic[]; readonly file: CarrierFile };

/** Reads what was written for a carrier, by the readers that read it for everybody. */
export function reread(carrier: Carrier, { files, holder }: Shipment, target: Target): Reread {
  const file = files.find(({ path }) => path === holder) ?? files[0];
  if (!file)
    return { diagnostics: unreadable('nothing was written'), file: { path: carrier.id, content: '' } };
  const read = carrier.readFiles
    ? ofReading(carrier.readFiles(files), target)
    : ofFile(carrier, file, target);
  return 'policy' in read ? read : { ...read, file };
}

type Meaning =
  | { readonly policy: Policy; readonly profile?: Profile }
  | { readonly diagnostics: readonly Diagnostic[] };

function ofFile(carrier: Carrier, { path, content }: CarrierFile, target: Target): Meaning {
  if (typeof content !== 'string') {
    const program = decodeProgram(content, abiOf(target.native).endian);
    return program
      ? ofProgram(path, program, target)
      : { diagnostics: unreadable('its bytes are no filter') };
  }
  if (carrier.read) return ofReading(carrier.read(content, path), target);
  const listing = readListing(content);
  if (listing?.program) return ofProgram(path, listing.program, target);
  const { value, diagnostics } = profileSubject(path, content, target, { unknownNames: 'skip' });
  return value ? { policy: value.policy, profile: value.source?.profile } : { diagnostics };
}

/** What the one profile of a reading means. */
function ofReading(reading: CarrierReading | undefined, target: Target): Meaning {
  if (reading && hasErrors(reading.diagnostics)) return { diagnostics: reading.diagnostics };
  const [carried, second] = reading?.profiles ?? [];
  if (!carried || second) return { diagnostics: unreadable('it holds no profile, or several') };
  const options = { unknownNames: 'skip', exactKeys: readsExactKeys(target.runtime) } as const;
  const { value: profile, diagnostics } = parseProfileTree(carried.tree, options);
  const lowered = profile && lowerProfile(profile, target);
  if (lowered?.value) return { policy: lowered.value, profile };
  return { diagnostics: [...diagnostics, ...(lowered?.diagnostics ?? [])] };
}

function ofProgram(path: string, program: Program, target: Target): Meaning {
  const read = programSubject(path, [program], target);
  return 'value' in read ? { policy: read.value.policy } : { diagnostics: unreadable(read.fault.why) };
}

function unreadable(why: string): Diagnostic[] {
  return [error('carrier-limit', `what was written cannot be read again: ${why}`, { start: 0, end: 0 })];
}
