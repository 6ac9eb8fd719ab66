import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { CAPABILITIES } from '@callgate/engine/internal/profile/capabilities';
import { parseKernel } from '@callgate/engine/internal/profile/profile';
import { listed, printable } from '@callgate/engine/internal/report/words';
import {
  FIRST_LIBSECCOMP,
  type LibseccompRelease,
  parseLibseccomp,
} from '@callgate/engine/internal/runtime/libseccomp-release';
import {
  parseRelease,
  type Release,
  RUNTIME_NAMES,
  type Runtime,
  type Target,
} from '@callgate/engine/internal/runtime/target';
import { ABI_NAMES, type AbiName, abiOf, findAbi } from '@callgate/engine/internal/syscalls/arch';
import { thisMachine } from '@callgate/linux/internal/machine';
import type { Command } from 'commander';
import { CliFailure } from '../context.ts';

/** The flags that give a profile a meaning. */
export interface TargetFlags {
  readonly arch?: string;
  readonly kernel?: string;
  readonly caps?: string;
  readonly runtime?: string;
  readonly libseccomp?: string;
  readonly allowUnknown?: boolean;
}

export function addTargetFlags(command: Command): void {
  command
    .optionsGroup('How the profile is read:')
    .option(
      '--arch <abi,…>',
      'for exactly these ABIs, such as x86_64,x86 (default: those it covers on this machine)',
    )
    .option('--kernel <k.m>', 'on a kernel of this release (default: that of this machine)')
    .option(
      '--caps <cap,…>',
      'for a container with these capabilities, such as CAP_SYS_ADMIN (default: none)',
    )
    .option(
      '--runtime <name[@v]>',
      `by this program: ${RUNTIME_NAMES.join(', ')} (default: the one whose form it has)`,
    )
    .option(
      '--libseccomp <v>',
      'with this release of libseccomp, such as 2.5.4, which skips names that it does not know (default: one that knows all)',
    )
    .option(
      '--allow-unknown',
      'skip names that are no system call, as runtimes do, instead of refusing the profile',
    );
}

/** The target that the flags describe, on this machine where they are silent. */
export function targetOf(flags: TargetFlags): Target {
  const machine = thisMachine();
  const abis = flags.arch === undefined ? undefined : abisNamed(flags.arch);
  return {
    native: abis?.[0] ?? machine.abi.name,
    abis,
    kernel: flags.kernel === undefined ? machine.kernel : kernelNamed(flags.kernel),
    // Scripts give an empty list where there are none.
    capabilities: capabilitiesNamed(flags.caps ?? ''),
    runtime: flags.runtime === undefined ? undefined : runtimeNamed(flags.runtime),
    libseccomp: flags.libseccomp === undefined ? undefined : libseccompNamed(flags.libseccomp),
  };
}

/** A release of libseccomp such as 2.5.4 or 2.5.4-1+deb12u1, or a failure that says which are known. */
export function libseccompNamed(text: string): LibseccompRelease {
  const release = parseLibseccomp(text.trim());
  if (release) return release;
  throw new CliFailure(
    `"${printable(text)}" is no release of libseccomp that callgate knows; write it as 2.5.4, from ${FIRST_LIBSECCOMP} on`,
  );
}

/** The ABIs of a list with commas, which one filter can be for; or a failure. */
export function abisNamed(list: string): AbiName[] {
  const names = list.split(',').map(abiNamed);
  const [first, ...others] = names.map(abiOf);
  const other = others.find(({ endian }) => endian !== first.endian);
  if (!other) return names;
  const [big, little] = first.endian === 'big' ? [first, other] : [other, first];
  throw new CliFailure(
    `--arch: ${big.name} is big-endian, ${little.name} is not; give each byte order a profile of its own [mixed-endian]`,
  );
}

/** The ABI of that name, or a failure that says what was meant. */
export function abiNamed(name: string): AbiName {
  const abi = findAbi(name.trim());
  if (abi) return abi.name;
  throw new CliFailure(`there is no ABI "${printable(name)}"; ${hint(name, ABI_NAMES)}`);
}

/** A kernel release such as 6.1, or a failure that says how to write one. */
export function kernelNamed(text: string) {
  const kernel = parseKernel(text);
  if (kernel) return kernel;
  throw new CliFailure(`"${printable(text)}" is no kernel release; write it as 6.1`);
}

/** The capabilities of a list with commas. */
export function capabilitiesNamed(list: string): string[] {
  return list === '' ? [] : list.split(',').map(capabilityNamed);
}

function capabilityNamed(name: string): string {
  const upper = name.trim().toUpperCase();
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if ((CAPABILITIES as readonly string[]).includes(full)) return full;
  throw new CliFailure(`there is no capability "${printable(name)}"; ${hint(full, CAPABILITIES)}`);
}

/** What stands before the first "@", and behind it: runc@1.1. */
export function withRelease(text: string): [name: string, release?: string] {
  const [name, release] = text.split(/@(.*)/s);
  return [name, release];
}

/** A runtime such as crun or runc@1.1. */
export function runtimeNamed(text: string): Runtime {
  const [bare, version] = withRelease(text);
  const name = RUNTIME_NAMES.find((r) => r === bare);
  if (!name)
    throw new CliFailure(`the runtime "${printable(bare)}" is not known; ${hint(bare, RUNTIME_NAMES)}`);
  if (version === undefined) return { name };
  return { name, release: releaseNamed(name, version) };
}

/** Releases that there are, for those who wrote none. */
const RELEASES: Readonly<Record<string, string>> = { docker: '29', podman: '5.4', containerd: '2.1' };

/** A release of a runtime, or a failure that says how to write one. */
export function releaseNamed(runtime: string, text: string): Release {
  const release = parseRelease(text);
  if (release) return release;
  const example = `${runtime}@${RELEASES[runtime] ?? '1.1.15'}`;
  throw new CliFailure(`"${printable(text)}" is no release of ${runtime}; write it as ${example}`);
}

/** Names in a hint. */
const MOST_LISTED = 25;

function hint(name: string, names: readonly string[]): string {
  const meant = suggest(name, names);
  return meant ? `did you mean ${meant}?` : `it is one of ${listed(names, MOST_LISTED)}`;
}
