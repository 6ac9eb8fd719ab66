import { audit } from './formats/audit.ts';
import { bpftrace } from './formats/bpftrace.ts';
import { falco } from './formats/falco.ts';
import { inspektorGadget } from './formats/inspektor-gadget.ts';
import { journalJson } from './formats/journal-json.ts';
import type { LogFormat } from './formats/log-format.ts';
import { names } from './formats/names.ts';
import { perfTrace } from './formats/perf-trace.ts';
import { profile } from './formats/profile.ts';
import { ftrace, perfScript, perfScriptBare } from './formats/raw-syscalls.ts';
import { sandbox } from './formats/sandbox.ts';
import { snappyDebug } from './formats/snappy-debug.ts';
import { spo } from './formats/spo.ts';
import { strace } from './formats/strace.ts';
import { straceSummary } from './formats/strace-summary.ts';
import { sysdig } from './formats/sysdig.ts';
import { tracee } from './formats/tracee.ts';

/** Every format that callgate reads; where two recognise as much of a log, the first has it. */
export const LOG_FORMATS: readonly LogFormat[] = [
  profile,
  audit,
  journalJson,
  snappyDebug,
  sandbox,
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
