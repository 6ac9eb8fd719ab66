import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Background } from './background.ts';

/** More than any verb takes on an emulated machine. */
const PATIENCE_MS = 300_000;

export interface Ended {
  /** As a shell tells it: 128 and the signal for a death. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The installed command line, run by this very Node. */
export class Callgate {
  private readonly bin: string;
  private readonly folder = mkdtempSync(join(tmpdir(), 'callgate-contract-'));
  private files = 0;

  /** @param bin callgate.js of the installed package. */
  constructor(bin: string) {
    this.bin = bin;
  }

  run(...args: string[]): Ended {
    const options = { encoding: 'utf8', timeout: PATIENCE_MS, killSignal: 'SIGKILL' } as const;
    const { status, stdout, stderr, error } = spawnSync(process.execPath, [this.bin, ...args], options);
    return { status: status ?? 255, stdout, stderr: error ? `${stderr}\n${error.message}` : stderr };
  }

  /** Begins a command that goes on while other things happen. */
  start(...args: string[]): Background {
    return new Background(process.execPath, [this.bin, ...args]);
  }

  /** A path in a folder of the contract's own. */
  newFile(text?: string): string {
    const path = join(this.folder, `${this.files++}.json`);
    if (text !== undefined) writeFileSync(path, text);
    return path;
  }

  read(path: string): string {
    return readFileSync(path, 'utf8');
  }
}

const MOST_LINES = 6;

/** A fault of the contract in one line, with what callgate said. */
export function said({ status, stderr }: Ended): string {
  const lines = stderr.trim().split('\n');
  const told =
    lines.length <= MOST_LINES
      ? lines
      : [...lines.slice(0, MOST_LINES / 2), '…', ...lines.slice(-MOST_LINES / 2)];
  return `status ${status}: ${told.join(' / ')}`;
}
