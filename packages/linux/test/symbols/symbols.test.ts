import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ElfFile } from '@callgate/linux/internal/symbols/elf-symbols';
import { callPlaceIn, callPlaceInFile, callPlaceText } from '@callgate/linux/internal/symbols/where-called';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-symbols-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOURCE = `
static long call(long nr) { long r; __asm__ volatile("syscall" : "=a"(r) : "0"(nr) : "rcx", "r11", "memory"); return r; }
__attribute__((noinline)) long waits_here(void) { return call(34); }
void _start(void) { for (;;) waits_here(); }
`;

describeWith(['gcc'], 'where a call stands', () => {
  const files: Record<string, string> = {};
  beforeAll(() => {
    for (const [name, flags] of Object.entries({ fixed: ['-static'], anywhere: ['-static-pie', '-fPIE'] })) {
      files[name] = join(folder, name);
      const args = [...flags, '-nostdlib', '-O1', '-x', 'c', '-o', files[name], '-'];
      execFileSync('gcc', args, { input: SOURCE, stdio: ['pipe', 'ignore', 'pipe'] });
    }
  });

  /** Behind the one instruction in the program that makes a call. */
  const behindCall = (file: string) => {
    const elf = ElfFile.open(file)!;
    const { offset, size, address } = elf.segments.find(({ isExecutable }) => isExecutable)!;
    const at = elf.bytes(offset, size).indexOf(Buffer.from([0x0f, 0x05]));
    elf.close();
    expect(at).toBeGreaterThan(0);
    return address + BigInt(at + 2);
  };

  it('is found in a file with a fixed place by the address, and else by its page and the number of the call', () => {
    const fixed = callPlaceInFile(files.fixed, behindCall(files.fixed), 34)!;
    expect(fixed).toMatchObject({ file: 'fixed', function: 'waits_here' });
    expect(callPlaceText(fixed)).toMatch(/^waits_here\+0x[0-9a-f]+ of fixed$/);
    const moved = behindCall(files.anywhere) + 0x7f1234567000n;
    expect(callPlaceInFile(files.anywhere, moved, 34)).toMatchObject({ function: 'waits_here' });
    expect(callPlaceInFile(files.anywhere, moved, 35)).toBeUndefined();
    expect(callPlaceInFile(files.anywhere, moved + 1n, 34)).toBeUndefined();
  });

  it('is found in a process that lives', async () => {
    const child = spawn(files.anywhere, { stdio: 'ignore' });
    try {
      await sleep(100);
      const maps = readFileSync(`/proc/${child.pid}/maps`, 'latin1');
      const base = BigInt(
        `0x${
          maps
            .split('\n')
            .find((line) => line.includes('anywhere'))!
            .split('-')[0]
        }`,
      );
      const place = callPlaceIn(child.pid!, base + behindCall(files.anywhere));
      expect(place).toMatchObject({ file: 'anywhere', function: 'waits_here' });
      expect(callPlaceIn(child.pid!, 1n)).toBeUndefined();
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('is asked of files that are cut, or have a byte changed, in little time and without a fault', () => {
    const whole = readFileSync(files.fixed);
    const file = join(folder, 'hostile');
    const start = performance.now();
    const ask = (bytes: Uint8Array) => {
      writeFileSync(file, bytes);
      callPlaceInFile(file, addressInFixed, 34);
    };
    const addressInFixed = behindCall(files.fixed);
    for (let length = 0; length < 400; length += 7) ask(whole.subarray(0, length));
    for (let at = 0; at < 512; at++) {
      const bytes = Uint8Array.from(whole);
      bytes[at] ^= 0xff;
      ask(bytes);
    }
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

describe('what is no program', () => {
  it('has no symbols', () => {
    const file = join(folder, 'text');
    writeFileSync(file, 'hello\n'.repeat(100));
    expect(ElfFile.open(file)).toBeUndefined();
    expect(ElfFile.open('/dev/zero')).toBeUndefined();
    expect(ElfFile.open(folder)).toBeUndefined();
    expect(ElfFile.open(join(folder, 'missing'))).toBeUndefined();
  });
});
