import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { CAPABILITIES } from '@callgate/engine/internal/profile/capabilities';
import { nameOf } from '@callgate/engine/internal/syscalls/lookup';
import { thisMachine } from '@callgate/linux/internal/machine';
import {
  ATTACK_CATEGORIES,
  ATTACK_IDS,
  attacksInCategory,
  attacksOf,
  findAttack,
} from '@callgate/linux/internal/trials/attacks';
import { endWords } from '@callgate/linux/internal/trials/end-words';
import { isReached, isRefused } from '@callgate/linux/internal/trials/judge-trial';
import { callsOnThisMachine, callsThrough } from '@callgate/linux/internal/trials/make-calls';
import type { Attack, AttackWay, WayEnd } from '@callgate/linux/internal/trials/trial';
import { describeWith } from '@callgate/testing/requirements';
import { describe, expect, it } from 'vitest';
import { spawned } from './run-probe.ts';

const NOBODY = 65534;
/** For these a setting of the machine says whether a right is needed (kernel.unprivileged_bpf_disabled and its like). */
const BY_SETTING = new Set(['bpf', 'perf', 'userfaultfd', 'kernel-log']);
const native = thisMachine().abi.name;
const attacks = attacksOf(native);
const calls = attacks.flatMap((attack) =>
  attack.ways.flatMap((way) => [way, ...(way.asks ? [way.asks] : [])].map((call) => ({ attack, way, call }))),
);

describe('the list of attacks', () => {
  it('names each once, and each category has some', () => {
    expect(new Set(ATTACK_IDS).size).toBe(ATTACK_IDS.length);
    for (const { id } of ATTACK_CATEGORIES)
      expect(attacksInCategory('x86_64', id).length, id).toBeGreaterThan(0);
    expect(findAttack('x86_64', 'mount')?.ways.length).toBeGreaterThan(20);
    expect(findAttack('x86_64', 'nothing')).toBeUndefined();
  });

  it('has the sibling calls, on every ABI that an x86_64 program can use', () => {
    const ways = (id: string, abi: string) =>
      findAttack('x86_64', id)!
        .ways.filter((way) => way.abi === abi)
        .map((way) => way.syscall);
    expect(ways('make-directory', 'x86_64')).toEqual(['mkdir', 'mkdirat']);
    expect(ways('setuid-file', 'x32')).toEqual(['chmod', 'fchmod', 'fchmodat', 'fchmodat2']);
    expect(ways('user-namespace', 'x86')).toEqual(['unshare', 'clone', 'clone3']);
    expect(ways('raw-socket', 'x86')).toEqual(['socket', 'socketcall']);
    expect(ways('clock', 'x86')).toContain('stime');
  });

  it('is there for other machines, with their own numbers', () => {
    const [only, ...others] = findAttack('aarch64', 'make-directory')!.ways;
    expect([only.syscall, only.nr, others.length]).toEqual(['mkdirat', 34, 0]);
    expect(findAttack('arm', 'make-directory')!.ways.map(({ syscall }) => syscall)).toEqual([
      'mkdir',
      'mkdirat',
    ]);
    expect(findAttack('aarch64', 'io-ports')).toBeUndefined();
  });

  it.each(['x86_64', 'aarch64', 'arm', 'riscv64'] as const)('says what passing looks like on %s', (abi) => {
    for (const { ways } of attacksOf(abi))
      for (const way of ways) {
        expect(nameOf(way.abi, way.nr), way.syscall).toBe(way.syscall);
        expect(way.reached.length, way.syscall).toBeGreaterThan(0);
        // What filters and missing rights answer must not look as if the call had passed.
        expect(way.reached).not.toContain(1);
        expect(way.reached).not.toContain(13);
        expect(way.args.every((arg) => arg >= 0n && arg < 1n << 64n)).toBe(true);
      }
  });
});

const ENOSYS = 38n;

/** Whether this kernel has no such call, or none of that ABI. */
function isMissing(way: AttackWay, end: WayEnd): boolean {
  if (end.kind === 'returned') return end.result === -ENOSYS;
  return way.abi === 'x86' && native === 'x86_64' && end.kind === 'signal';
}

const capabilities = BigInt(
  `0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]}`,
);
const lockdown = '/sys/kernel/security/lockdown';
const isLockedDown = existsSync(lockdown) && !readFileSync(lockdown, 'utf8').includes('[none]');

/** Whether root of this machine is refused an attack, too: in a container, or where the kernel guards itself against root. */
function isWithheld({ category, right }: Attack): boolean {
  if (category === 'kernel' && isLockedDown) return true;
  return right !== undefined && ((capabilities >> BigInt(CAPABILITIES.indexOf(right))) & 1n) === 0n;
}

function wrong(ends: readonly WayEnd[], isRight: (i: number, end: WayEnd) => boolean): string[] {
  return ends.flatMap((end, i) =>
    isRight(i, end)
      ? []
      : [`${calls[i].attack.id}: ${calls[i].call.abi} ${calls[i].call.syscall} ${endWords(end)}`],
  );
}

/** Of calls that need a right, those that ended otherwise than refused for somebody who has none. */
function notRefusedWithoutRight(ends: readonly WayEnd[]): string[] {
  const endOf = (call: AttackWay) => ends[calls.findIndex((c) => c.call === call)];
  return wrong(ends, (i, end) => {
    const { attack, way, call } = calls[i];
    if (attack.right === undefined || isMissing(call, end)) return true;
    return isRefused(way.asks ? endOf(way.asks) : end);
  });
}

describeWith(['root'], 'attacks on this kernel', () => {
  it('pass for root without a filter, and leave the machine as it was', async () => {
    const state = () => [
      hostname(),
      readFileSync('/proc/self/mountinfo', 'utf8'),
      readFileSync('/proc/swaps', 'utf8'),
    ];
    const before = { state: state(), time: Date.now(), tick: performance.now() };
    const ends = await callsOnThisMachine(undefined)(calls.map(({ call }) => call));
    expect(state()).toEqual(before.state);
    expect(Math.abs(Date.now() - before.time - (performance.now() - before.tick))).toBeLessThan(1000);
    const stopped = wrong(ends, (i, end) => {
      const { attack, call } = calls[i];
      return isReached(call, end) || isMissing(call, end) || isWithheld(attack);
    });
    expect(stopped).toEqual([]);
    expect(ends.filter((end, i) => isReached(calls[i].call, end)).length).toBeGreaterThan(50);
  });

  it('are refused for nobody where they need a right', async () => {
    const ends = await callsThrough(spawned([], NOBODY))(calls.map(({ call }) => call));
    expect(notRefusedWithoutRight(ends)).toEqual([]);
  });

  it('are refused for root without capabilities where they need one, and no others', async () => {
    const none = { effective: 0n, bounding: 0n };
    const [with_, without] = [
      await callsOnThisMachine(undefined)(calls.map(({ call }) => call)),
      await callsOnThisMachine(undefined, none)(calls.map(({ call }) => call)),
    ];
    expect(notRefusedWithoutRight(without)).toEqual([]);
    const refusedAlone = wrong(without, (i, end) => {
      const { attack, call } = calls[i];
      const isFree = attack.right === undefined && !BY_SETTING.has(attack.id);
      return !isFree || isReached(call, end) || !isReached(call, with_[i]);
    });
    expect(refusedAlone).toEqual([]);
  });
});
