import { type Diagnostic, didYouMean, error, warning } from '../diagnostics/diagnostic.ts';
import type { Span, Spanned } from '../diagnostics/span.ts';
import { suggest } from '../diagnostics/suggest.ts';
import type { Profile, Rule, RuleScope } from '../profile/profile.ts';
import { compareKernels } from '../profile/profile.ts';
import { quote } from '../source/tree.ts';
import { ABIS, type Abi, abiOf, abiOfToken, findAbi } from '../syscalls/arch.ts';
import { errnoNames, errnoNumber } from '../syscalls/arguments.ts';
import { numberOf } from '../syscalls/lookup.ts';
import { dialectFor } from './dialects/choose.ts';
import type { Dialect } from './dialects/dialect.ts';
import { newerThan } from './kernel-features.ts';
import type { Target } from './target.ts';

/** A profile after its runtime has decided which keys, rules and architectures count on a target. */
export interface Resolved {
  /** Without the keys that the runtime forgets. */
  readonly profile: Profile;
  readonly dialect: Dialect;
  /** The native ABI first. */
  readonly abis: readonly Abi[];
  /** Those that the document covers, without the native one that libseccomp adds. */
  readonly listed: readonly Abi[];
  /** Names of both keys together; Podman's errno names in errnoRet. */
  readonly rules: readonly Rule[];
  readonly defaultErrnoRet?: Spanned<number>;
  /** Names that the target's libseccomp does not know, so that the runtime leaves them out. */
  readonly skipped: ReadonlySet<string>;
  /** The number of a call on an ABI, if it has one that libseccomp knows. */
  numberOf(abi: Abi, name: string): number | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads the form of the dialect: applies archMap, includes and excludes as moby's profiles/seccomp and Podman's
 * containers/common do, drops what the runtime does not read, and adds the native ABI as libseccomp does.
 */
export function resolveProfile(profile: Profile, target: Target): Resolved {
  return new Resolution(profile, target).resolve();
}

/** What people call architectures for which libseccomp has other names. */
const OTHER_ARCHITECTURES: Readonly<Record<string, string>> = {
  I386: 'SCMP_ARCH_X86',
  I686: 'SCMP_ARCH_X86',
  X64: 'SCMP_ARCH_X86_64',
  ARMV7: 'SCMP_ARCH_ARM',
  ARMHF: 'SCMP_ARCH_ARM',
  POWERPC: 'SCMP_ARCH_PPC',
};

class Resolution {
  private readonly profile: Profile;
  private readonly target: Target;
  private readonly dialect: Dialect;
  private readonly diagnostics: Diagnostic[] = [];
  private readonly ignored = new Set<string>();

  constructor(profile: Profile, target: Target) {
    this.target = target;
    this.dialect = dialectFor(profile, target.runtime);
    this.profile = this.remembered(profile);
  }

  resolve(): Resolved {
    const { dialect, diagnostics, profile } = this;
    const native = abiOf(this.target.native);
    const listed =
      this.target.abis?.map(abiOf) ?? this.listed(native).flatMap((token) => this.abi(token) ?? []);
    const abis = this.target.abis ? listed : [...new Set([native, ...listed])];
    this.refuseMixedEndian(abis);
    if (dialect.refusesFlags && profile.flags.length > 0)
      diagnostics.push(
        error(
          'flags-refused',
          `this ${dialect.name} takes no flags`,
          profile.flags[0].span,
          'it does from 1.2 on',
        ),
      );
    const rules = profile.rules.flatMap((rule) => this.rule(rule) ?? []);
    diagnostics.push(...newerThan(this.target.kernel, { ...profile, rules }));
    const defaultErrnoRet = this.errno(profile.defaultErrno, 'defaultErrno') ?? profile.defaultErrnoRet;
    const { libseccomp } = this.target;
    const skipped = new Set(libseccomp?.skips);
    this.noteSkipped(rules, skipped);
    const lacks = new Set([...(this.target.lacks ?? []), ...(libseccomp?.unnumbered ?? [])]);
    const number = (abi: Abi, name: string) =>
      skipped.has(name) || lacks.has(`${abi.name} ${name}`) ? undefined : numberOf(abi.name, name);
    return { profile, dialect, abis, listed, rules, defaultErrnoRet, skipped, numberOf: number, diagnostics };
  }

  /** Says once which names of the profile the target's libseccomp does not know. */
  private noteSkipped(rules: readonly Rule[], skipped: ReadonlySet<string>): void {
    const names = rules.flatMap((rule) => rule.names.filter(({ value }) => skipped.has(value)));
    if (names.length === 0) return;
    const distinct = [...new Set(names.map(({ value }) => value))].sort();
    const message = `libseccomp ${this.target.libseccomp!.text} skips ${distinct.length} ${distinct.length === 1 ? 'name' : 'names'}: ${distinct.join(', ')}`;
    this.diagnostics.push(warning('libseccomp-skips', message, names[0].span));
  }

  /** The profile without what the runtime forgets. */
  private remembered(profile: Profile): Profile {
    const forgotten = this.dialect.forgets.flatMap((key) => {
      const at = key === 'flags' ? profile.flags[0] : profile[key];
      if (at) this.ignore(key, at.span, 'this release drops it; later ones hand it on');
      return at ? [key] : [];
    });
    const rest = Object.fromEntries(forgotten.map((key) => [key, undefined]));
    const noFlags = forgotten.includes('flags') ? { flags: [], hasFlags: false } : {};
    return { ...profile, ...rest, ...noFlags };
  }

  /** The architectures that the document lists for the native one. */
  private listed(native: Abi): readonly Spanned<string>[] {
    const { architectures, archMap } = this.profile;
    if (archMap.length === 0) return architectures;
    if (this.dialect.reads === 'oci') {
      this.ignore('archMap', archMap[0].span, `only ${native.name} and "architectures" are covered`);
      return architectures;
    }
    if (architectures.length > 0)
      this.diagnostics.push(
        error(
          'architectures-and-archmap',
          'both "architectures" and "archMap" are given',
          archMap[0].span,
          'keep one: Docker and Podman refuse the two together',
        ),
      );
    const match = archMap.find((entry) => entry.architecture.value === native.token);
    for (const entry of archMap)
      if (entry !== match)
        for (const token of [entry.architecture, ...entry.subArchitectures]) this.abi(token, 'warning');
    return match ? [match.architecture, ...match.subArchitectures] : [];
  }

  private abi(token: Spanned<string>, severity: 'error' | 'warning' = 'error'): Abi | undefined {
    const bare = token.value.replace(/^SCMP_ARCH_/, '').toUpperCase();
    const abi = abiOfToken(this.dialect.architectures === 'loose' ? `SCMP_ARCH_${bare}` : token.value);
    if (abi) return abi;
    const meant =
      abiOfToken(`SCMP_ARCH_${bare.replace(/^SCMP_ARCH_/, '')}`)?.token ??
      findAbi(token.value)?.token ??
      ABIS.find((a) => [a.go, a.docker].includes(bare.toLowerCase()))?.token ??
      OTHER_ARCHITECTURES[bare] ??
      suggest(
        token.value,
        ABIS.map((a) => a.token),
      );
    const message = `libseccomp has no architecture ${quote(token.value)}`;
    this.diagnostics.push({
      ...error('unknown-architecture', message, token.span, didYouMean(meant)),
      severity,
    });
    return undefined;
  }

  private refuseMixedEndian(abis: readonly Abi[]): void {
    const foreign = abis.find((a) => a.endian !== abis[0].endian);
    if (!foreign) return;
    const { architectures, defaultAction } = this.profile;
    const span = architectures.find((a) => this.abi(a) === foreign)?.span ?? defaultAction.span;
    const message = `${foreign.token} is ${foreign.endian}-endian, ${abis[0].token} is not`;
    this.diagnostics.push(error('mixed-endian', message, span, 'give each byte order a profile of its own'));
  }

  /** The rule as the runtime reads it; undefined when it does not apply here. */
  private rule(rule: Rule): Rule | undefined {
    const { includes, excludes, legacyName, names } = rule;
    const errnoRet = this.errno(rule.errno, 'errno') ?? rule.errnoRet;
    if (this.dialect.reads === 'oci') {
      for (const [key, scope] of Object.entries({ includes, excludes }))
        if (scope) this.ignore(key, rule.span, 'the rule always applies');
      if (legacyName) this.nameDropped(legacyName.span, names.length > 0);
      return { ...rule, errnoRet };
    }
    if (legacyName && names.length > 0)
      this.diagnostics.push(
        error(
          'name-and-names',
          'a rule has both "name" and "names"',
          legacyName.span,
          'put the name into "names"',
        ),
      );
    if (!this.applies(rule)) return undefined;
    return { ...rule, errnoRet, names: legacyName ? [...names, legacyName] : names };
  }

  private nameDropped(span: Span, hasNames: boolean): void {
    if (!this.dialect.needsNames || hasNames) this.ignore('name', span, 'write "names": […]');
    else this.diagnostics.push(error('no-names', `${this.dialect.name} needs "names"`, span));
  }

  private applies({ includes, excludes }: Rule): boolean {
    return (!excludes || !this.excluded(excludes)) && (!includes || this.included(includes));
  }

  /** Any match drops the rule. */
  private excluded(scope: RuleScope): boolean {
    return (
      this.matchesArch(scope.arches) ||
      scope.caps.some((cap) => this.target.capabilities.includes(cap.value)) ||
      this.reachesKernel(scope) === true
    );
  }

  /** Every part that is there must match. */
  private included(scope: RuleScope): boolean {
    return (
      (scope.arches.length === 0 || this.matchesArch(scope.arches)) &&
      scope.caps.every((cap) => this.target.capabilities.includes(cap.value)) &&
      this.reachesKernel(scope) !== false
    );
  }

  /** Whether the kernel is new enough for the scope; undefined when it does not ask, or the runtime does not. */
  private reachesKernel({ minKernel }: RuleScope): boolean | undefined {
    if (!minKernel) return undefined;
    if (this.dialect.reads === 'podman') {
      this.ignore('minKernel', minKernel.span, 'Podman has no such key');
      return undefined;
    }
    return compareKernels(this.target.kernel, minKernel.value) >= 0;
  }

  private matchesArch(arches: readonly Spanned<string>[]): boolean {
    const { go, docker = go } = abiOf(this.target.native);
    return arches.some((arch) => arch.value === docker);
  }

  /** The number of Podman's errno name, which overrides the number that stands beside it. */
  private errno(name: Spanned<string> | undefined, key: string): Spanned<number> | undefined {
    if (!name || name.value === '') return undefined;
    if (this.dialect.reads !== 'podman') {
      this.ignore(key, name.span, `write "${key}Ret" with a number`);
      return undefined;
    }
    const value = /^\d{1,5}$/.test(name.value) ? Number(name.value) : errnoNumber(name.value);
    if (value !== undefined) return { value, span: name.span };
    const meant = suggest(name.value, errnoNames());
    const message = `there is no errno ${quote(name.value)}`;
    this.diagnostics.push(error('unknown-errno', message, name.span, didYouMean(meant)));
    return undefined;
  }

  /** Says once for each key that this runtime does not read it. */
  private ignore(key: string, span: Span, remedy: string): void {
    if (this.ignored.has(key)) return;
    this.ignored.add(key);
    const message = `${this.dialect.name} does not read "${key}"`;
    this.diagnostics.push(warning('key-ignored', message, span, remedy));
  }
}
