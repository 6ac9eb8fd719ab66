import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Callgate, said } from './callgate.ts';
import type { Area, Finding } from './finding.ts';
import type { Samples } from './recorders.ts';

const SIGSYS_STATUS = 159;

/** Recorded, built and run again; denied with an errno, with a list of it, and with death. */
export function enforcementFindings(
  callgate: Callgate,
  samples: Samples,
  mkdir: readonly string[],
): Finding[] {
  return [
    found('run', () => ownProfile(callgate, samples.family)),
    found('denials', () => deniedMkdir(callgate, mkdir)),
    found('kills', () => killed(callgate, mkdir)),
    found('tour', () => {
      const ended = callgate.run('tour');
      return ended.status === 0 ? undefined : said(ended);
    }),
  ];
}

/** `fault` tells what is wrong; undefined when nothing is. */
function found(area: Area, fault: () => string | undefined): Finding {
  const detail = fault();
  return { area, is: detail === undefined ? 'right' : 'wrong', detail: detail ?? '' };
}

function ownProfile(callgate: Callgate, command: readonly string[]): string | undefined {
  const [recording, profile] = [callgate.newFile(), callgate.newFile()];
  const steps = [
    ['record', '-o', recording, '--', ...command],
    ['build', recording, '-o', profile],
    ['run', '--profile', profile, '--', ...command],
  ];
  for (const step of steps) {
    const ended = callgate.run(...step);
    if (ended.status !== 0) return `${step[0]}: ${said(ended)}`;
  }
  return undefined;
}

function deniedMkdir(callgate: Callgate, mkdir: readonly string[]): string | undefined {
  const folder = join(tmpdir(), 'callgate-contract-mkdir');
  const profile = callgate.newFile(denying('SCMP_ACT_ERRNO'));
  const ended = callgate.run('run', '--log', '--profile', profile, '--', ...mkdir, folder);
  const exists = existsSync(folder);
  rmSync(folder, { recursive: true, force: true });
  if (exists || ended.status === 0) return `the folder was made; ${said(ended)}`;
  return /\bmkdir(at)?\b/.test(ended.stderr.replace(/mkdir: .*/g, ''))
    ? undefined
    : `no denial is listed; ${said(ended)}`;
}

function killed(callgate: Callgate, mkdir: readonly string[]): string | undefined {
  const profile = callgate.newFile(denying('SCMP_ACT_KILL_PROCESS'));
  const ended = callgate.run(
    'run',
    '--profile',
    profile,
    '--',
    ...mkdir,
    join(tmpdir(), 'callgate-contract-killed'),
  );
  return ended.status === SIGSYS_STATUS ? undefined : said(ended);
}

function denying(action: string): string {
  const syscalls = [{ names: ['mkdir', 'mkdirat'], action }];
  return JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls });
}
