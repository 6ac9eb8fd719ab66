import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { type Policy, withoutStub } from '@callgate/engine/internal/policy/policy';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { libraryPlan, missingCalls } from '@callgate/engine/internal/runtime/library-plan';
import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import { parseRelease, type Target } from '@callgate/engine/internal/runtime/target';
import { errnoName } from '@callgate/engine/internal/syscalls/arguments';
import {
  filtersOfRuntime,
  type OciRuntime,
  RuntimeRefused,
  runtimeVersion,
} from '../container/oci-container.ts';
import { thisMachine } from '../machine.ts';
import { type LibraryResult, runLibseccomp } from './libseccomp.ts';

/** What somebody made of a profile, beside what its stated meaning is. */
export interface Verification {
  /** Who made it, such as "libseccomp 2.5.4". */
  readonly who: string;
  /** What the profile means to whoever made the filter: without the names that its libseccomp skips. */
  readonly wanted: Policy;
  /** The same without the runtime's stub, as libseccomp alone has it. */
  readonly libraryPart: Policy;
  /** That part, if no name were skipped. */
  readonly unskipped: Policy;
  readonly result: { readonly got: Policy; readonly instructions: number } | { readonly failure: string };
  /** Calls, as `ABI NAME`, that its libseccomp does not know and skips; the wanted meaning takes that into account. */
  readonly skipped: readonly string[];
  /** Returns in the wrong byte order that were read as they were meant. */
  readonly swapped: number;
}

/** The verification cannot be held: something is missing, or may not be used. */
export class VerificationFailed extends Error {}

/**
 * This machine's libseccomp, called as the target's runtime calls it. Its filter is compared with the policy without
 * the runtime's stub, of which libseccomp knows nothing.
 */
export async function verifyLibseccomp(profile: Profile, target: Target): Promise<Verification> {
  const policy = lowerProfile(profile, target).value;
  const plan = policy && libraryPlan(profile, target);
  if (!plan) throw new VerificationFailed('by its rules the runtime refuses the profile');
  const result = await askLibrary(profile, target, policy);
  const failed = (who: string, failure: string): Verification => {
    return {
      who,
      ...expected(withoutStub(policy), policy),
      result: { failure },
      skipped: [],
      swapped: 0,
    };
  };
  switch (result.kind) {
    case 'missing':
      throw new VerificationFailed(
        'this machine has no libseccomp (libseccomp.so.2); install the package libseccomp2',
      );
    case 'crashed':
      return failed('libseccomp', `crashed (${result.how})`);
    case 'hangs':
      return failed('libseccomp', `did not come to an end within ${result.seconds} seconds`);
    case 'refused': {
      const rule = result.call === undefined ? '' : ` for ${plan.calls[result.call].name}`;
      const errno = errnoName(result.errno) ?? `errno ${result.errno}`;
      return failed(
        `libseccomp ${result.release}`,
        `refuses the profile: ${result.step}${rule} gives ${errno}`,
      );
    }
    case 'filter': {
      const lacks = missingHere(result.lacking, target);
      const wanted = lowerProfile(profile, { ...target, lacks }).value!;
      return {
        who: `libseccomp ${result.release}`,
        ...expected(withoutStub(wanted), policy),
        result: lift([result.program], wanted),
        skipped: lacks,
        swapped: result.swapped,
      };
    }
  }
}

/** A container that a runtime creates under the profile, and whose filters are read. Needs root. */
export async function verifyRuntime(
  profile: Profile,
  target: Target,
  runtime: OciRuntime,
): Promise<Verification> {
  const version = await runtimeVersion(runtime);
  if (version === undefined) throw new VerificationFailed(`${runtime} is not installed`);
  const { abi } = thisMachine();
  if (target.native !== abi.name)
    throw new VerificationFailed(`${runtime} makes filters for this machine alone, which is ${abi.name}`);
  const oci = ociForm(profile, target);
  const lacks = await lackingCalls(profile, target, version.libseccomp);
  const asRuntime: Target = {
    ...target,
    abis: undefined,
    lacks,
    runtime: { name: runtime, release: parseRelease(version.release) },
  };
  const who = `${runtime} ${version.release}`;
  const wanted = lowerProfile(oci, asRuntime).value;
  const whole = lowerProfile(oci, { ...asRuntime, lacks: undefined }).value;
  if (!wanted || !whole) throw new VerificationFailed(`by its rules ${who} refuses the profile`);
  const programs = await filtersOfRuntime(runtime, stringifyProfile(oci)).catch((fault: unknown) => {
    throw fault instanceof RuntimeRefused ? new VerificationFailed(fault.message) : fault;
  });
  const result = lift(programs, wanted);
  return {
    who,
    ...expected(wanted, whole),
    result,
    skipped: lacks,
    swapped: 0,
  };
}

function askLibrary(profile: Profile, target: Target, policy: Policy): Promise<LibraryResult> {
  const foreign = !policy.abis.includes(thisMachine().abi);
  return runLibseccomp(libraryPlan(profile, target)!, { foreign, endian: policy.endian });
}

/** Calls, as `ABI NAME`, that a runtime with this machine's libseccomp in it skips. */
export function skippedHere(profile: Profile, target: Target): Promise<readonly string[]> {
  return lackingCalls(profile, target, undefined);
}

/** What this machine's libseccomp lacks of a profile's calls, unless the runtime has another one in it. */
export async function lackingCalls(
  profile: Profile,
  target: Target,
  release: string | undefined,
): Promise<string[]> {
  const policy = lowerProfile(profile, target).value;
  const result = policy && (await askLibrary(profile, target, policy));
  const known = result?.kind === 'filter' && (release ?? result.release) === result.release;
  return known ? missingHere(result.lacking, target) : [];
}

/** What a library lacks beside what the target says that its libseccomp does. */
function missingHere(lacking: readonly string[], { libseccomp }: Target): string[] {
  const said = new Set(libseccomp?.unnumbered);
  return missingCalls(lacking).filter((call) => !said.has(call));
}

/** The meanings that a filter is held against; `whole` is the one if no name were skipped. */
export function expected(
  wanted: Policy,
  whole: Policy,
): Pick<Verification, 'wanted' | 'libraryPart' | 'unskipped'> {
  return { wanted, libraryPart: withoutStub(wanted), unskipped: withoutStub(whole) };
}

/** What filters decide together; throws VerificationFailed where that cannot be followed. */
export function lift(programs: readonly Program[], wanted: Policy): Verification['result'] {
  const lifted = liftPolicy(programs, wanted.abis[0].name);
  if (lifted.fault)
    throw new VerificationFailed(`the filter, instruction ${lifted.fault.at}: ${lifted.fault.why}`);
  return { got: lifted.policy, instructions: programs.reduce((sum, program) => sum + program.length, 0) };
}
