import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Instruction, instruction, type Program } from '@callgate/engine/internal/bpf/instruction';

/** Every filter that a program and its children load, in order, as strace sees them; it may be killed for it afterwards. */
export function loadedFilters(command: readonly string[]): Program[] {
  return withFolder((folder) => {
    const trace = join(folder, 'trace');
    // Constants as numbers, filters whole.
    const flags = ['-f', '-X', 'raw', '-v', '-s', '100000', '-e', 'trace=prctl,seccomp', '-o', trace];
    // What its filter denies may keep it from ending.
    spawnSync('timeout', ['-s', 'KILL', '5', 'strace', ...flags, ...command], { stdio: 'ignore' });
    return readFileSync(trace, 'utf8').split('\n').flatMap(filterIn);
  });
}

/** The same of a program that is given a file with that text; FILE stands for its path. */
export function filtersFor(text: string, command: readonly string[]): Program[] {
  return withFolder((folder) => {
    const file = join(folder, 'list');
    writeFileSync(file, text);
    return loadedFilters(command.map((word) => word.replace('FILE', file)));
  });
}

export function withFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-sandbox-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The filter of a line such as `prctl(0x16, 0x2, {len=2, filter=[BPF_STMT(0|0|0x20, 0x4), BPF_JUMP(0x5|0|0x10, 0x1, 0, 0x1)]})`. */
function filterIn(line: string): Program[] {
  if (!line.includes('filter=[')) return [];
  const statements = line.matchAll(/BPF_(STMT|JUMP)\(([^()]*)\)/g);
  return [
    [...statements].map(([, , text]): Instruction => {
      const [code, k, jt = 0, jf = 0] = text.split(',').map(numberIn);
      return instruction(code, k, jt, jf);
    }),
  ];
}

function numberIn(text: string): number {
  return text.split('|').reduce((sum, part) => sum + Number(part.trim()), 0);
}
