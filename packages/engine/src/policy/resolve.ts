import { type Diagnostic, error } from '../diagnostics/diagnostic.ts';
import type { Profile, Rule, RuleScope } from '../profile/profile.ts';
import { compareKernels } from '../profile/profile.ts';
import type { Spanned } from '../source/span.ts';
import { type Abi, abiOf, abiOfToken } from '../syscalls/arch.ts';
import type { RuntimeName, Target } from './target.ts';

/** A profile after its runtime has decided which rules and architectures count on a target. */
export interface Resolved {
  readonly runtime: RuntimeName;
  /** The native ABI first. */
  readonly abis: readonly Abi[];
  readonly rules: readonly Rule[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Docker's names of architectures that differ from Go's GOARCH. */
const DOCKER_NAMES: Readonly<Record<string, string>> = { x86: '386' };

/** Applies archMap, includes and excludes as Docker's profiles/seccomp package does, and adds the native ABI as runc does. */
export function resolveProfile(profile: Profile, target: Target): Resolved {
  const runtime = target.runtime ?? (profile.form === 'docker' ? 'docker' : 'runc');
  const abis = coveredAbis(profile, target);
  const rules = profile.rules.filter((rule) => applies(rule, target));
  return { runtime, abis, rules, diagnostics: mixedEndian(profile, abis) };
}

function coveredAbis(profile: Profile, target: Target): Abi[] {
  if (target.abis) return target.abis.map(abiOf);
  const native = abiOf(target.native);
  const entry = profile.archMap.find((e) => e.architecture.value === native.token);
  const tokens = entry ? entry.subArchitectures : profile.architectures;
  return [...new Set([native, ...tokens.flatMap((t) => abiOfToken(t.value) ?? [])])];
}

function applies(rule: Rule, target: Target): boolean {
  return (
    (!rule.excludes || !excluded(rule.excludes, target)) &&
    (!rule.includes || included(rule.includes, target))
  );
}

/** Any match drops the rule. */
function excluded(scope: RuleScope, target: Target): boolean {
  return (
    matchesArch(scope.arches, target) ||
    scope.caps.some((cap) => target.capabilities.has(cap.value)) ||
    (scope.minKernel !== undefined && compareKernels(target.kernel, scope.minKernel.value) >= 0)
  );
}

/** Every part that is there must match. */
function included(scope: RuleScope, target: Target): boolean {
  return (
    (scope.arches.length === 0 || matchesArch(scope.arches, target)) &&
    scope.caps.every((cap) => target.capabilities.has(cap.value)) &&
    (scope.minKernel === undefined || compareKernels(target.kernel, scope.minKernel.value) >= 0)
  );
}

function matchesArch(arches: readonly Spanned<string>[], target: Target): boolean {
  const { go } = abiOf(target.native);
  return arches.some((arch) => (DOCKER_NAMES[arch.value] ?? arch.value) === go);
}

function mixedEndian(profile: Profile, abis: readonly Abi[]): Diagnostic[] {
  const foreign = abis.find((a) => a.endian !== abis[0].endian);
  if (!foreign) return [];
  const span =
    profile.architectures.find((a) => a.value === foreign.token)?.span ?? profile.defaultAction.span;
  const message = `${foreign.token} is ${foreign.endian}-endian, ${abis[0].token} is not`;
  return [error('mixed-endian', message, span, 'give each byte order a profile of its own')];
}
