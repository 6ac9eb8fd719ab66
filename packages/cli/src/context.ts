import type { Readable } from 'node:stream';
import { formatDiagnostic, type LocatedDiagnostic } from '@callgate/engine/internal/report/diagnostics';

/** Where text goes, and whether a person reads it. */
export interface Output {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  /** How wide the terminal is. */
  readonly columns?: number;
  /** And how high. */
  readonly rows?: number;
}

/** Everything that a command may touch of its process. */
export interface Context {
  readonly argv: readonly string[];
  /** The file that Node runs as callgate, absolute. */
  readonly script: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What bin/callgate has told of ignored signals and open descriptors, which Node does not keep. */
  readonly inherited?: string;
  /** Calls the listener on a signal until the returned function is called. */
  onSignal(signal: NodeJS.Signals, listener: () => void): () => void;
}

/** What a script may rely on: 0 clean, 1 findings or denied, 2 could not do it. */
export const CLEAN = 0;
export const FINDINGS = 1;
export const FAILED = 2;

/** A command ends early: one line on stderr, and an exit status. */
export class CliFailure extends Error {
  readonly status: number;
  constructor(message: string, status = FAILED) {
    super(message);
    this.status = status;
  }
}

/** The input has faults, all of which are told, each at its place in the text. */
export class InputFaults extends CliFailure {
  readonly faults: readonly LocatedDiagnostic[];
  readonly text: string;
  constructor(faults: readonly LocatedDiagnostic[], text: string) {
    super(faults.map(formatDiagnostic).join('\n'));
    this.faults = faults;
    this.text = text;
  }
}
