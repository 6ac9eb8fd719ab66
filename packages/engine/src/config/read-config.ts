import * as v from 'valibot';
import { type Diagnostic, didYouMean, error, type Result } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { NotUnderstood, parseAskedCalls } from '../edit/asked-calls.ts';
import { plainValue } from '../source/plain-value.ts';
import { formatOf, readSource } from '../source/read.ts';
import { describe, type Tree } from '../source/tree.ts';
import { CONFIG_KEYS, type Config, configSchema } from './config.ts';

/**
 * Reads a configuration, JSON or YAML by the name's ending. Codes that no finding has, and budgets of calls that there are not, are
 * faults, too.
 * @param codes of all findings.
 */
export function parseConfig(name: string, text: string, codes: readonly string[]): Result<Config> {
  const { value: tree, diagnostics } = readSource(text, formatOf(text, name));
  if (!tree) return { diagnostics };
  if (tree.kind !== 'object')
    return {
      diagnostics: [error('bad-config', `the configuration is ${describe(tree)}, not an object`, tree.span)],
    };
  const result = v.safeParse(configSchema, plainValue(tree));
  if (!result.success) return { diagnostics: result.issues.map((issue) => badConfig(issue, tree)) };
  const config = result.output;
  return {
    value: config,
    diagnostics: [...diagnostics, ...unknownCodes(config, tree, codes), ...unreadableCalls(config, tree)],
  };
}

/** Keys and indexes, from the document on. */
type Path = readonly (string | number)[];

function badConfig(issue: v.BaseIssue<unknown>, tree: Tree): Diagnostic {
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  const place = placeOf(tree, path);
  const at = dotted(path);
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return error(
      'bad-config',
      `a configuration has no ${at}`,
      place,
      didYouMean(suggest(String(path.at(-1)), keysBeside(path))),
    );
  if (issue.input === undefined) return error('bad-config', `${at} is missing`, place);
  if (issue.kind === 'validation') return error('bad-config', `${at} ${issue.message}`, place);
  const found = describe(treeAt(tree, path)!);
  const isNumber = issue.type === 'string' && issue.received !== 'Object' && /^[\d.]+$/.test(issue.received);
  return error(
    'bad-config',
    `${at} is ${found}, not ${expected(issue)}`,
    place,
    isNumber ? 'put it in quotes' : undefined,
  );
}

/** The keys that may stand where a path leads. */
function keysBeside([list, index]: Path): readonly string[] {
  const ofElements: Readonly<Record<string, readonly string[]>> = CONFIG_KEYS;
  return typeof index === 'number' ? ofElements[list] : CONFIG_KEYS.document;
}

/** What valibot expects, in words. */
function expected({ expected: words }: v.BaseIssue<unknown>): string {
  const plain: Readonly<Record<string, string>> = {
    Array: 'a list',
    Object: 'an object',
    string: 'a string',
  };
  return plain[words!] ?? words!.replaceAll(/["()]/g, '').replaceAll(' | ', ', ');
}

function unknownCodes(
  { severities = {}, suppressions = [] }: Config,
  tree: Tree,
  codes: readonly string[],
): Diagnostic[] {
  const named: [string, Path][] = [
    ...Object.keys(severities).map((code): [string, Path] => [code, ['severities', code]]),
    ...suppressions.map(({ code }, i): [string, Path] => [code, ['suppressions', i, 'code']]),
  ];
  return named.flatMap(([code, path]) =>
    codes.includes(code)
      ? []
      : [
          error(
            'bad-config',
            `${dotted(path)}: no finding has this code`,
            placeOf(tree, path),
            didYouMean(suggest(code, codes)) ?? 'callgate rules lists them',
          ),
        ],
  );
}

function unreadableCalls({ budgets = [] }: Config, tree: Tree): Diagnostic[] {
  return budgets.flatMap(({ never = [] }, i) =>
    never.flatMap((text, j) => {
      try {
        parseAskedCalls(text);
        return [];
      } catch (fault) {
        if (!(fault instanceof NotUnderstood)) throw fault;
        const path = ['budgets', i, 'never', j];
        return [error('bad-config', `${dotted(path)}: ${fault.message}`, placeOf(tree, path))];
      }
    }),
  );
}

function dotted(path: Path): string {
  if (path.length === 0) return 'the configuration';
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('');
}

/** Where a value stands; of a missing one, where it would. */
function placeOf(tree: Tree, path: Path): Span {
  const found = treeAt(tree, path);
  if (!found) return placeOf(tree, path.slice(0, -1));
  const parent = treeAt(tree, path.slice(0, -1));
  const entry =
    parent?.kind === 'object' ? parent.entries.findLast(({ key }) => key === path.at(-1)) : undefined;
  return entry?.keySpan ?? { start: found.span.start, end: found.span.end };
}

function treeAt(tree: Tree, path: Path): Tree | undefined {
  return path.reduce<Tree | undefined>((at, step) => {
    if (at?.kind === 'array') return at.items[Number(step)];
    return at?.kind === 'object' ? at.entries.findLast(({ key }) => key === step)?.value : undefined;
  }, tree);
}
