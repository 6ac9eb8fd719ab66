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
  documentLines: (lines) =>
    /^\s*\{\s*$/.test(lines[0] ?? '') && lines.some((line) => /^\s*"version"\s*:\s*"spo\//.test(line))
      ? lines.length
      : 0,
  reader(tally) {
    let whole: string | undefined;
    const lines = eachLine((line) => {
      if (whole === undefined && line.trim() === '{') whole = '';
      // What is a record by itself is no part of a document that somebody began.
      if (whole !== undefined && (isEnriched(pairsOf(line)) || (line.length > 1 && parseObject(line)))) {
        whole = undefined;
        tally.unread();
      }
      if (whole !== undefined) {
        if (whole.length < LONGEST_DOCUMENT) whole += `${line}\n`;
        if (line !== '}') return;
        const object = parseObject(whole);
        whole = undefined;
        if (object && isDocument(object)) document(tally, object);
        else tally.unread();
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
        if (whole !== undefined) tally.unread();
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
