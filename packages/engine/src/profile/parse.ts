import { didYouMean, hasErrors, type Result } from '../diagnostics/diagnostic.ts';
import type { Spanned } from '../diagnostics/span.ts';
import { formatOf, readDocuments, type SourceFormat } from '../source/read.ts';
import { describe, type Entry, quote, type Tree } from '../source/tree.ts';
import { errnoNumber } from '../syscalls/arguments.ts';
import { isKnownName } from '../syscalls/lookup.ts';
import { isLibraryFunction, meantCall } from '../syscalls/meant-call.ts';
import { CAPABILITIES } from './capabilities.ts';
import type { CarriedProfile } from './carriers.ts';
import { chosenOf, chosenProfile } from './choose-profile.ts';
import {
  ACTION_NAMES,
  type ActionName,
  type ArchMapEntry,
  type Condition,
  FLAGS,
  type Flag,
  type KernelVersion,
  OPERATORS,
  type Profile,
  type Rule,
  type RuleScope,
} from './profile.ts';
import { type Fields, Reader } from './reader.ts';

/** The keys of a profile. No runtime reads $schema: it tells an editor by which schema to check the file. */
export const PROFILE_KEYS = [
  '$schema',
  'defaultAction',
  'defaultErrnoRet',
  'defaultErrno',
  'architectures',
  'archMap',
  'flags',
  'listenerPath',
  'listenerMetadata',
  'syscalls',
  'baseProfileName',
] as const;
/** The keys of an element of `archMap`. */
export const ARCH_MAP_KEYS = ['architecture', 'subArchitectures'] as const;
/** The keys of an element of `syscalls`. */
export const RULE_KEYS = [
  'names',
  'name',
  'action',
  'errnoRet',
  'errno',
  'args',
  'comment',
  'includes',
  'excludes',
] as const;
/** The keys of `includes` and `excludes`. */
export const SCOPE_KEYS = ['arches', 'caps', 'minKernel'] as const;
/** The keys of an element of `args`. */
export const CONDITION_KEYS = ['index', 'value', 'valueTwo', 'op'] as const;
const MAX_U64 = 0xffff_ffff_ffff_ffffn;
const MAX_U32 = 0xffff_ffffn;

/** How a profile is read. */
export interface ParseOptions {
  /** JSON or YAML; without it the text tells. */
  readonly format?: SourceFormat;
  /**
   * What becomes of a name that no system call has. refuse: it is an error, because a typing error silently takes a call
   * out of its rule; skip: it is a warning, and has no effect, as runtimes have it. Without it: refuse.
   */
  readonly unknownNames?: 'refuse' | 'skip';
  /** Whether a key in another case is ignored, as crun has it. Without it: read all the same, as Go has it. */
  readonly exactKeys?: boolean;
  /** Which profile of several is meant, by its name in the text. */
  readonly part?: string;
  /** The profiles that somebody has found in the text already, one at least: then it is read neither as JSON nor as YAML. */
  readonly carried?: readonly CarriedProfile[];
}

/**
 * Reads a profile in OCI's, Docker's or Podman's form, by itself or in what carries it: a custom resource, a runtime's
 * config.json, a ConfigMap. Every fault is a diagnostic; there is a value unless one is an error. Sources: OCI runtime-spec
 * config-linux.md (seccomp), moby's profiles/seccomp, Go's encoding/json.
 * @example
 * ```js
 * import { parseProfile } from '@callgate/engine';
 * const { value, diagnostics } = parseProfile('{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}');
 * value.defaultAction.value; // → 'ERRNO'
 * diagnostics.length; // → 0
 * parseProfile('{"defaultAction": "SCMP_ACT_DENY"}').diagnostics[0].code; // → 'unknown-action'
 * ```
 */
export function parseProfile(text: string, options: ParseOptions = {}): Result<Profile> {
  const found = profileTreeIn(text, options);
  if (!found.value) return { diagnostics: found.diagnostics };
  const { value, diagnostics } = parseProfileTree(found.value, options);
  return { value, diagnostics: [...found.diagnostics, ...diagnostics] };
}

function profileTreeIn(text: string, { format, part, carried }: ParseOptions): Result<Tree> {
  if (carried) return chosenOf(carried, part);
  const source = readDocuments(text, format ?? formatOf(text));
  return source.value ? chosenProfile(source.value, text, part) : { diagnostics: source.diagnostics };
}

/** The same for a profile that is part of a larger document; places stay those of that document. */
export function parseProfileTree(
  tree: Tree,
  { unknownNames = 'refuse', exactKeys = false }: ParseOptions = {},
): Result<Profile> {
  const reader = new Reader(exactKeys);
  const profile = new ProfileParser(reader, unknownNames).profile(tree);
  const { diagnostics } = reader;
  return profile && !hasErrors(diagnostics) ? { value: profile, diagnostics } : { diagnostics };
}

function formOf(hasArchMap: boolean, hasErrnoName: boolean, rules: readonly Rule[]): Profile['form'] {
  if (hasErrnoName || rules.some((r) => r.errno)) return 'podman';
  const docker = (r: Rule) => r.includes || r.excludes || r.legacyName || r.comment !== undefined;
  return hasArchMap || rules.some(docker) ? 'docker' : 'oci';
}

class ProfileParser {
  private readonly read: Reader;
  private readonly unknownNames: 'refuse' | 'skip';

  constructor(reader: Reader, unknownNames: 'refuse' | 'skip') {
    this.read = reader;
    this.unknownNames = unknownNames;
  }

  profile(tree: Tree): Profile | undefined {
    const fields = this.read.fields(tree, 'a profile', PROFILE_KEYS);
    if (!fields) return undefined;
    const defaultAction = this.requiredAction(fields, 'defaultAction', 'a profile');
    const architectures = this.architectures(fields.get('architectures'));
    const archMapEntry = fields.get('archMap');
    const archMap = this.read.list(archMapEntry).flatMap((item) => this.archMapEntry(item) ?? []);
    const rules = this.read
      .list(fields.get('syscalls'))
      .flatMap((item, index) => this.rule(item, index) ?? []);
    const flagsEntry = fields.get('flags');
    this.noteBase(fields.get('baseProfileName'));
    if (!defaultAction) return undefined;
    const defaultErrno = this.read.optionalString(fields.get('defaultErrno'));
    return {
      form: formOf(archMapEntry !== undefined, defaultErrno !== undefined, rules),
      defaultAction,
      defaultErrnoRet: this.errno(fields.get('defaultErrnoRet')),
      defaultErrno,
      architectures,
      archMap,
      flags: this.read
        .list(flagsEntry)
        .flatMap((item) => this.read.token<Flag>(item, 'the flag', '', FLAGS, 'unknown-flag') ?? []),
      hasFlags: flagsEntry !== undefined,
      listenerPath: this.read.optionalString(fields.get('listenerPath')),
      listenerMetadata: this.read.optionalString(fields.get('listenerMetadata')),
      rules,
    };
  }

  /** A key of the Security Profiles Operator's resource. */
  private noteBase(entry: Entry | undefined): void {
    const base = this.read.optionalString(entry);
    if (entry && base)
      this.read.warn(
        'base-profile',
        `the operator adds the rules of the profile ${quote(base.value)}, which is not in this file`,
        entry.value.span,
        'what is said of this one is without them',
      );
  }

  private requiredAction(fields: Fields, key: string, what: string): Spanned<ActionName> | undefined {
    const entry = fields.get(key);
    if (!entry) {
      const { start } = fields.span;
      return this.read.error(
        'missing-key',
        `${what} needs "${key}"`,
        { start, end: start + 1 },
        `add "${key}": "SCMP_ACT_ERRNO", or what you want`,
      );
    }
    return this.read.token(entry.value, `"${key}"`, 'SCMP_ACT_', ACTION_NAMES, 'unknown-action');
  }

  private architectures(entry: Entry | undefined): Spanned<string>[] {
    return this.read.list(entry).flatMap((item) => this.architecture(item) ?? []);
  }

  private architecture(tree: Tree): Spanned<string> | undefined {
    return this.read.string(tree, 'an architecture');
  }

  private archMapEntry(tree: Tree): ArchMapEntry | undefined {
    const fields = this.read.fields(tree, 'an element of "archMap"', ARCH_MAP_KEYS);
    if (!fields) return undefined;
    const entry = fields.get('architecture');
    if (!entry)
      return this.read.error(
        'missing-key',
        'an element of "archMap" needs "architecture"',
        { start: fields.span.start, end: fields.span.start + 1 },
        'such as "SCMP_ARCH_X86_64"',
      );
    const architecture = this.architecture(entry.value);
    const subArchitectures = this.architectures(fields.get('subArchitectures'));
    return architecture && { architecture, subArchitectures, span: fields.span };
  }

  private rule(tree: Tree, index: number): Rule | undefined {
    const fields = this.read.fields(tree, 'a rule', RULE_KEYS);
    if (!fields) return undefined;
    const names = this.names(fields);
    const action = this.requiredAction(fields, 'action', 'a rule');
    const errnoRet = this.errno(fields.get('errnoRet'));
    const errno = this.read.optionalString(fields.get('errno'));
    const conditions = this.read.list(fields.get('args')).flatMap((item) => this.condition(item) ?? []);
    const includes = this.scope(fields.get('includes'));
    const excludes = this.scope(fields.get('excludes'));
    const comment = this.read.optionalString(fields.get('comment'));
    if (!names || !action) return undefined;
    return {
      index,
      ...names,
      action,
      errnoRet,
      errno,
      conditions,
      includes,
      excludes,
      comment,
      span: fields.span,
    };
  }

  private names(fields: Fields): Pick<Rule, 'names' | 'legacyName'> | undefined {
    const list = fields.get('names');
    const single = fields.get('name');
    const names = this.read.strings(list);
    const legacyName = this.read.optionalString(single);
    const isListed = list?.value.kind === 'array' && list.value.items.length > 0;
    if (names.length === 0 && !single && !isListed && (!list || list.value.kind === 'array')) {
      const { start } = fields.span;
      return this.read.error(
        'no-names',
        'the rule names no system call',
        list?.value.span ?? { start, end: start + 1 },
        'add "names": ["…"]',
      );
    }
    for (const name of legacyName ? [...names, legacyName] : names) this.checkName(name);
    return legacyName ? { names, legacyName } : { names };
  }

  private checkName(name: Spanned<string>): void {
    if (isKnownName(name.value)) return;
    const kind = isLibraryFunction(name.value) ? ': it is a function of the C library' : '';
    const message = `there is no system call ${quote(name.value)}${kind}`;
    const meant = didYouMean(this.read.isTired ? undefined : meantCall(name.value));
    if (this.unknownNames === 'skip') this.read.warn('unknown-syscall', message, name.span, meant);
    else this.read.error('unknown-syscall', message, name.span, meant ?? { kind: 'skip-unknown-names' });
  }

  private errno(entry: Entry | undefined): Spanned<number> | undefined {
    const named = entry?.value.kind === 'string' ? errnoNumber(entry.value.value) : undefined;
    if (entry && named !== undefined)
      return this.read.error(
        'wrong-type',
        `"${entry.key}" must be a number, not ${describe(entry.value)}`,
        entry.value.span,
        `write ${named}`,
      );
    const errno =
      entry &&
      this.read.integer(
        entry,
        MAX_U32,
        'bad-errno',
        'an errno is a number from 0 to 4094, such as 1 for EPERM',
      );
    return errno && { value: Number(errno.value), span: errno.span };
  }

  private condition(tree: Tree): Condition | undefined {
    const fields = this.read.fields(tree, 'a condition', CONDITION_KEYS);
    if (!fields) return undefined;
    const operatorEntry = fields.get('op');
    const { start } = fields.span;
    if (!operatorEntry)
      return this.read.error(
        'missing-key',
        'a condition needs "op"',
        { start, end: start + 1 },
        'such as "SCMP_CMP_EQ"',
      );
    const operator = this.read.token(operatorEntry.value, '"op"', 'SCMP_CMP_', OPERATORS, 'unknown-operator');
    // Go leaves an absent number at 0.
    const argument = this.number(
      fields,
      'index',
      5n,
      'bad-argument-index',
      'arguments are counted from 0 to 5',
    );
    const range = 'a decimal integer from 0 to 18446744073709551615';
    const value = this.number(fields, 'value', MAX_U64, 'bad-number', range);
    const valueTwo = this.number(fields, 'valueTwo', MAX_U64, 'bad-number', range);
    if (!operator || argument === undefined || value === undefined || valueTwo === undefined)
      return undefined;
    const placeOf = (key: string) => fields.get(key)?.value.span;
    return {
      argument: Number(argument),
      operator: operator.value,
      value,
      valueTwo,
      span: fields.span,
      parts: {
        argument: placeOf('index'),
        operator: operator.span,
        value: placeOf('value'),
        valueTwo: placeOf('valueTwo'),
      },
    };
  }

  private number(
    fields: Fields,
    key: string,
    max: bigint,
    code: 'bad-number' | 'bad-argument-index',
    hint: string,
  ): bigint | undefined {
    const entry = fields.get(key);
    return entry ? this.read.integer(entry, max, code, hint)?.value : 0n;
  }

  private scope(entry: Entry | undefined): RuleScope | undefined {
    const fields = entry && this.read.fields(entry.value, `"${entry.key}"`, SCOPE_KEYS);
    if (!fields) return undefined;
    const caps = this.read.strings(fields.get('caps'));
    for (const cap of caps) this.checkCapability(cap);
    return {
      arches: this.read.strings(fields.get('arches')),
      caps,
      minKernel: this.kernel(fields.get('minKernel')),
      span: fields.span,
    };
  }

  private checkCapability(cap: Spanned<string>): void {
    if ((CAPABILITIES as readonly string[]).includes(cap.value)) return;
    const meant = this.read.suggest(cap.value, CAPABILITIES);
    this.read.warn(
      'unknown-capability',
      `Linux has no capability ${quote(cap.value)}`,
      cap.span,
      didYouMean(meant),
    );
  }

  private kernel(entry: Entry | undefined): Spanned<KernelVersion> | undefined {
    const text = this.read.optionalString(entry);
    if (!text) return undefined;
    const version = minimalKernel(text.value);
    if (!version)
      return this.read.error(
        'bad-kernel-version',
        `minKernel is ${quote(text.value)}`,
        text.span,
        'write it as "4.8"',
      );
    return { value: version, span: text.span };
  }
}

/** Two numbers of 8 bits that are not both zero; an empty text is older than any kernel. Source: moby's profiles/seccomp. */
function minimalKernel(text: string): KernelVersion | undefined {
  if (text === '') return { major: 0, minor: 0 };
  const [, major, minor] = (/^(\d{1,3})\.(\d{1,3})$/.exec(text) ?? []).map(Number);
  return Math.max(major, minor) > 0 && Math.max(major, minor) < 256 ? { major, minor } : undefined;
}
