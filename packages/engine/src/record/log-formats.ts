import { audit } from './parsers/audit.ts';
import { bpftrace } from './parsers/bpftrace.ts';
import { falco } from './parsers/falco.ts';
import { inspektorGadget } from './parsers/inspektor-gadget.ts';
import { journalJson } from './parsers/journal-json.ts';
import type { LogFormat } from './parsers/log-format.ts';
import { names } from './parsers/names.ts';
import { perfTrace } from './parsers/perf-trace.ts';
import { profile } from './parsers/profile.ts';
import { ftrace, perfScript, perfScriptBare } from './parsers/raw-syscalls.ts';
import { spo } from './parsers/spo.ts';
import { strace } from './parsers/strace.ts';
import { straceSummary } from './parsers/strace-summary.ts';
import { sysdig } from './parsers/sysdig.ts';
import { tracee } from './parsers/tracee.ts';

/** Every format that callgate reads; where two recognise as much of a log, the first has it. */
export const LOG_FORMATS: readonly LogFormat[] = [
  profile,
  audit,
  journalJson,
  strace,
  straceSummary,
  ftrace,
  perfScript,
  perfScriptBare,
  perfTrace,
  bpftrace,
  sysdig,
  falco,
  tracee,
  inspektorGadget,
  spo,
  names,
];

/** The format of that id. */
export function findLogFormat(id: string): LogFormat | undefined {
  return LOG_FORMATS.find((format) => format.id === id);
}
