import * as v from 'valibot';
import { type Diagnostic, didYouMean, error, hasErrors, type Result } from '../diagnostics/diagnostic.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { plainValue } from '../source/plain-value.ts';
import { formatOf, readSource } from '../source/read.ts';
import { describe, type Tree } from '../source/tree.ts';
import type { Abi } from '../syscalls/arch.ts';
import { dotted, type Path, placeOf, treeAt } from './place-of.ts';
import { patienceOf, probeName, probeOf } from './probe-of.ts';
import { type KnownChecks, securityCheck } from './security-check.ts';
import type { FunctionCheck, SecurityCheck, TestSpec } from './spec.ts';
import { KINDS, SPEC_KEYS, specSchema, type WrittenFunction, type WrittenSpec } from './spec-schema.ts';

/**
 * Reads a spec, JSON or YAML by the name's ending.
 * @param known the attacks, categories and runtimes that there are.
 * @param native on which ABI calls are made whose ABI is not said.
 */
export function parseSpec(name: string, text: string, known: KnownChecks, native: Abi): Result<TestSpec> {
  const { value: tree, diagnostics } = readSource(text, formatOf(text, name));
  if (!tree) return { diagnostics };
  if (tree.kind !== 'object')
    return { diagnostics: [error('bad-spec', `the spec is ${describe(tree)}, not an object`, tree.span)] };
  const result = v.safeParse(specSchema, plainValue(tree));
  if (!result.success) return { diagnostics: result.issues.map((issue) => badSpec(issue, tree)) };
  const found = [...diagnostics];
  const spec = specOf(result.output, tree, known, native, found);
  return hasErrors(found) ? { diagnostics: found } : { value: spec, diagnostics: found };
}

function specOf(
  written: WrittenSpec,
  tree: Tree,
  known: KnownChecks,
  native: Abi,
  found: Diagnostic[],
): TestSpec {
  const { engine, image, rootfs, profile, options = [], entrypoint, command = [], ready } = written;
  const say = (message: string, path: Path, meant?: string) =>
    void found.push(error('bad-spec', `${dotted(path)} ${message}`, placeOf(tree, path), didYouMean(meant)));
  if (image !== undefined && rootfs !== undefined) say('stands beside image: one of them runs', ['rootfs']);
  const functions = (written.functions ?? []).flatMap((entry, i): FunctionCheck[] => {
    const path = ['functions', i];
    if (!isOneKind(entry, 'functions', path, say)) return [];
    const probe = probeOf(entry);
    const place = placeOf(tree, path);
    return [
      { name: entry.name ?? probeName(probe), place, probe, withinMs: patienceOf(probe, entry.within) },
    ];
  });
  const security = (written.security ?? []).flatMap((entry, i): SecurityCheck[] => {
    const path = ['security', i];
    if (!isOneKind(entry, 'security', path, say)) return [];
    const check = securityCheck(entry, known, native);
    if ('fault' in check) {
      const { message, meant } = check.fault;
      say(check.key === 'call' ? `cannot be made: ${message}` : message, [...path, check.key], meant);
      return [];
    }
    return [{ ...check, name: entry.name ?? check.name, place: placeOf(tree, path) }];
  });
  return {
    engine,
    image,
    rootfs,
    profile,
    options,
    entrypoint,
    command,
    ...(ready && isOneKind(ready, 'ready', ['ready'], say) && { ready: readiness(ready) }),
    functions,
    security,
  };
}

function readiness(written: WrittenFunction): TestSpec['ready'] {
  const probe = probeOf(written);
  // A command that does not work yet is no reason to give up.
  return { probe, withinMs: patienceOf(probe.kind === 'run' ? { kind: 'health' } : probe, written.within) };
}

/** Whether an entry has exactly one of the keys that say what it is, and beside it only what belongs to that. */
function isOneKind(
  entry: object,
  where: keyof typeof KINDS,
  path: Path,
  say: (message: string, path: Path) => void,
): boolean {
  const kinds = KINDS[where];
  const keys = Object.keys(entry).filter((key) => key !== 'name');
  const named = keys.filter((key) => Object.hasOwn(kinds, key));
  if (named.length === 0) say(`says nothing: it needs one of ${Object.keys(kinds).join(', ')}`, path);
  if (named.length > 1)
    say(`has ${named.join(' and ')}: make ${named.length} of it`, [...path, named.at(-1)!]);
  if (named.length !== 1) return false;
  const strangers = keys.filter((key) => key !== named[0] && !kinds[named[0]].includes(key));
  for (const key of strangers) say(`does not go with ${named[0]}`, [...path, key]);
  return strangers.length === 0;
}

function badSpec(issue: v.BaseIssue<unknown>, tree: Tree): Diagnostic {
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  const place = placeOf(tree, path);
  const at = dotted(path);
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return error(
      'bad-spec',
      `a spec has no ${at}`,
      place,
      didYouMean(suggest(String(path.at(-1)), keysBeside(path))),
    );
  if (issue.kind === 'validation') return error('bad-spec', `${at} ${issue.message}`, place);
  const written = treeAt(tree, path);
  const found = written ? describe(written) : 'missing';
  const wanted = expected(issue);
  const meant = typeof issue.input === 'string' ? suggest(issue.input, wanted.split(', ')) : undefined;
  const isNumber = issue.type === 'string' && written?.kind === 'number';
  return error(
    'bad-spec',
    `${at} is ${found}, not ${wanted}`,
    place,
    isNumber ? 'put it in quotes' : didYouMean(meant),
  );
}

/** The keys that may stand where a path leads. */
function keysBeside([first]: Path): readonly string[] {
  return SPEC_KEYS[first] ?? SPEC_KEYS.document;
}

/** What valibot expects, in words. */
function expected({ expected: words }: v.BaseIssue<unknown>): string {
  const plain: Readonly<Record<string, string>> = {
    Array: 'a list',
    Object: 'an object',
    string: 'a string',
    number: 'a number',
  };
  return plain[words!] ?? words!.replaceAll(/["()]/g, '').replaceAll(' | ', ', ');
}
