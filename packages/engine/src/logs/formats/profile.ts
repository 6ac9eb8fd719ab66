import { allowsByDefault, namesAllowed } from '../../profile/allowed-calls.ts';
import { parseProfile } from '../../profile/parse.ts';
import { type Abi, findAbi } from '../../syscalls/arch.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import type { LogTally } from '../log-tally.ts';
import {
  asObject,
  asText,
  type JsonObject,
  type LogFormat,
  type LogReader,
  parseObject,
} from './log-format.ts';

const MAX_LENGTH = 8 * 1024 * 1024;

/** How lines of such documents begin. */
const YAML_OR_JSON = /^\s*(?:#|\/\/ |- |---|["\w]+\s*:|[\][{}"]|$)/;
const FIRST_KEY = /^(?:defaultAction|defaultErrnoRet|architectures|archMap|syscalls|flags)\s*:/;

/** A seccomp profile that allows what somebody found out, such as oci-seccomp-bpf-hook writes them. */
export const profile: LogFormat = {
  id: 'profile',
  about: 'a seccomp profile: what its rules allow (also of oci-seccomp-bpf-hook)',
  recognises: () => false,
  documentLines(lines) {
    const first = lines.find((line) => !/^\s*(?:#.*|---.*|\^C)?$/.test(line)) ?? '';
    const begins = /^\s*(?:\{|\/\/ )/.test(first) ? !isOther(parseObject(first)) : FIRST_KEY.test(first);
    return begins &&
      lines.some((line) =>
        /^\s*\{?\s*"defaultAction"\s*:|^defaultAction\s*:|^\s*\{.*"defaultAction"\s*:/.test(
          line.slice(0, 100_000),
        ),
      )
      ? lines.filter((line) => YAML_OR_JSON.test(line)).length
      : 0;
  },
  reader(tally): LogReader {
    let text = '';
    return {
      line(chunk, from, to) {
        if (text.length <= MAX_LENGTH) text += `${chunk.slice(from, to)}\n`;
      },
      end() {
        const parts = adviceParts(text);
        if (!parts) readProfile(tally, text, true);
        else {
          tally.note(
            `Inspektor Gadget advises ${parts.length === 1 ? 'on one container' : `on ${parts.length} containers, which are counted together`}: ${containersIn(parts)}`,
          );
          // The architectures that it writes are always the same ones.
          for (const part of parts) readProfile(tally, part.text, false);
        }
      },
    };
  },
};

const MOST_NAMED = 10;
/** Before the profile of each container Inspektor Gadget writes its name. */
const CONTAINER = /^\/\/ (.*)\n/gm;

function adviceParts(text: string): { readonly name: string; readonly text: string }[] | undefined {
  const heads = [...text.matchAll(CONTAINER)];
  if (heads.length === 0 || !/^(?:\^C)?\s*\/\/ /.test(text)) return undefined;
  return heads.map((head, i) => ({
    name: head[1].trim(),
    text: text.slice(head.index + head[0].length, heads[i + 1]?.index),
  }));
}

/** A few of their names; the others are counted. */
function containersIn(parts: readonly { readonly name: string }[]): string {
  const named = parts.slice(0, MOST_NAMED).map(({ name }) => name || 'one without a name');
  return parts.length > MOST_NAMED
    ? `${named.join(', ')} and ${parts.length - MOST_NAMED} more`
    : named.join(', ');
}

function readProfile(tally: LogTally, text: string, tellsAbis: boolean): void {
  const json = /^\s*\{/.test(text);
  const { value, diagnostics } = parseProfile(text, {
    format: json ? 'json' : 'yaml',
    unknownNames: 'skip',
  });
  if (!value) {
    tally.note(`not a valid profile: ${diagnostics.find((d) => d.severity === 'error')?.message ?? ''}`);
    const names = json ? looseNames(text) : undefined;
    if (!names) tally.unread();
    for (const name of names ?? []) tally.nameIfKnown(name);
    return;
  }
  if (allowsByDefault(value))
    tally.note('it allows what it does not name, so it does not say what a workload calls');
  const abis = tellsAbis ? value.architectures.flatMap(({ value: token }) => findAbi(token) ?? []) : [];
  for (const name of namesAllowed(value)) countName(tally, name, abis);
  if (value.rules.some((r) => r.conditions.length > 0))
    tally.note('conditions on arguments are not taken over: every call that a rule allows counts');
  if (value.rules.some((r) => r.includes || r.excludes))
    tally.note('includes and excludes are not looked at: every rule counts');
}

/** On each of the ABIs that has it; where none is told, which one it is remains open. */
function countName(tally: LogTally, name: string, abis: readonly Abi[]): void {
  const number = /^unknown_syscall_(\d{1,10})$/.exec(name);
  const having = abis.filter((abi) => numberOf(abi.name, name) !== undefined);
  if (number) tally.number(Number(number[1]));
  else if (having.length === 0) tally.name(name);
  else for (const abi of having) tally.named(abi.name, name);
}

/** A whole object on the first line that is no profile belongs to a log of JSON lines. */
function isOther(object: JsonObject | undefined): boolean {
  return object !== undefined && !('defaultAction' in object);
}

/** The names of a document that is JSON and has faults elsewhere. */
function looseNames(text: string): Set<string> | undefined {
  const rules = parseObject(text)?.syscalls;
  if (!Array.isArray(rules)) return undefined;
  const allowing = rules
    .map(asObject)
    .filter((rule) => /^SCMP_ACT_(?:ALLOW|LOG)$/.test(asText(rule?.action)));
  const names = allowing.flatMap((rule) => (Array.isArray(rule?.names) ? rule.names : []));
  return new Set(names.filter((name) => typeof name === 'string'));
}
