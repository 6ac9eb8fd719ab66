import { isKnownName } from '../../syscalls/lookup.ts';
import type { LogTally } from '../log-tally.ts';
import {
  asNumber,
  asObject,
  asText,
  eachLine,
  type JsonObject,
  type LogFormat,
  parseObject,
} from './log-format.ts';

const LONGEST_DOCUMENT = 8 * 1024 * 1024;
/** key=value with quotes around both; a quote inside a value has a backslash. */
const PAIR = /"(\w+)"=("(?:[^"\\]|\\.)*"|[^\s"]+)/g;

/** The Security Profiles Operator's log enricher (text and JSON), and its JSON enricher's documents. */
export const spo: LogFormat = {
  id: 'spo',
  about: "the Security Profiles Operator's log enrichers",
  recognises(line) {
    const object = parseObject(line);
    if (object) return isDocument(object) || isEnriched(object);
    return /"syscallID"=/.test(line) && /"type"="seccomp"/.test(line);
  },
  isDocument: (head) => /^\s*\{\s*\n[\s\S]*"version"\s*:\s*"spo\//.test(head),
  reader(tally) {
    let whole = '';
    const lines = eachLine((line) => {
      if (whole !== '' || line.trim() === '{') {
        if (whole.length < LONGEST_DOCUMENT) whole += `${line}\n`;
        return;
      }
      const object = parseObject(line) ?? pairsOf(line);
      if (isDocument(object)) document(tally, object);
      else if (isEnriched(object)) enriched(tally, object);
      else if (/syscallID|syscallName|syscalls/.test(line) || line.startsWith('{')) tally.unread();
    });
    return {
      ...lines,
      end() {
        const object = whole === '' ? undefined : parseObject(whole);
        if (object && isDocument(object)) document(tally, object);
        else if (whole !== '') tally.unread();
      },
    };
  },
};

function pairsOf(line: string): JsonObject {
  const pairs = [...line.matchAll(PAIR)].map(([, key, value]) => [key, value.replace(/^"|"$/g, '')]);
  return Object.fromEntries(pairs);
}

function isDocument(object: JsonObject): boolean {
  return asText(object.version).startsWith('spo/') && Array.isArray(object.syscalls);
}

function isEnriched(object: JsonObject): boolean {
  return object.type === 'seccomp' && ('syscallID' in object || 'syscallName' in object);
}

function document(tally: LogTally, object: JsonObject): void {
  const process = () =>
    asText(asObject(object.process)?.executable) || asText(object.executable) || asText(object.cmdLine);
  for (const name of object.syscalls as unknown[]) {
    if (typeof name === 'string') tally.name(name, { process, time: () => asText(object.timestamp) });
    else tally.unread();
  }
}

function enriched(tally: LogTally, object: JsonObject): void {
  const nr = asNumber(object.syscallID);
  const name = asText(object.syscallName);
  const detail = { process: () => asText(object.executable), time: () => asText(object.timestamp) };
  // The enricher looks the name up in its own machine's table, whatever the call's ABI was.
  if (isKnownName(name)) tally.name(name, detail);
  else if (nr !== undefined) tally.number(nr >>> 0, detail);
  else tally.unread();
}
