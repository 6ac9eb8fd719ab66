import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { actionOfWord, executes } from '@callgate/engine/internal/bpf/action';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { textMeaning } from '@callgate/engine/internal/policy/text-meaning';
import { rootOf, treeKiller } from '../../launch/kill-tree.ts';
import { type Launched, launch } from '../../launch/launch.ts';
import { nativeNumber, thisMachine } from '../../machine.ts';
import {
  type CommandEnd,
  type ContainerHost,
  type ContainerPlan,
  ContainerRefused,
  type StartedContainer,
} from '../container-host.ts';
import { Kept } from './kept.ts';

/** How long a program has after SIGTERM, as engines give it. */
const GRACE_MS = 10_000;
const KILLED = 137;

/** This machine itself: a program under callgate's own launcher. What a container sees as a file is that file here. */
export const host: ContainerHost = machineHost(filterOfText);

/** The same with filters that come from elsewhere than a profile's text. */
export function machineHost(filterOf: (text: string) => Program): ContainerHost {
  return {
    name: 'host',
    unavailable: async () => undefined,
    start: (plan) => startProcess(plan, filterOf),
  };
}

function filterOfText(text: string): Program {
  const { abi, kernel } = thisMachine();
  const target = { native: abi.name, kernel, capabilities: [] };
  const meaning = textMeaning({ name: 'the profile', text, target });
  if (meaning.kind === 'faulty') throw new ContainerRefused(meaning.diagnostics[0].message);
  const compiled = compilePolicy(meaning.policy);
  if (compiled.kind === 'proved') return compiled.program;
  throw new ContainerRefused('the filter is longer than the kernel takes');
}

async function startProcess(
  plan: ContainerPlan,
  filterOf: (text: string) => Program,
): Promise<StartedContainer> {
  if (plan.options.length > 0)
    throw new ContainerRefused('a program of this machine takes no options of an engine');
  const { seccomp, entrypoint } = plan;
  const program = entrypoint === undefined ? [] : [plan.files[entrypoint] ?? entrypoint];
  const [command, ...args] = [...program, ...plan.command];
  if (command === undefined) throw new ContainerRefused('no command is given');
  const filter = seccomp.kind === 'profile' ? filterOf(seccomp.text) : undefined;
  if (filter && !letsExecute(filter))
    throw new ContainerRefused('the filter lets nobody call execve, by which the program is started');
  const main = await Running.start([command, ...args], filter);
  const others = new Set<Running>();
  return {
    id: String(main.launched.pid),
    pid: async () => (main.end === undefined ? main.launched.pid : undefined),
    async exec(words, timeLimitMs) {
      const running = await Running.start(words, filter).catch((fault: unknown) => {
        if (fault instanceof ContainerRefused) return fault;
        throw fault;
      });
      if (running instanceof ContainerRefused)
        return { status: 126, stdout: Buffer.alloc(0), stderr: Buffer.from(`${running.message}\n`) };
      others.add(running);
      const end = await running.ended(timeLimitMs);
      if (end === undefined) running.kill();
      others.delete(running);
      return end ?? { status: KILLED, isCut: true, ...running.output() };
    },
    ended: (timeLimitMs) => main.ended(timeLimitMs),
    output: async () => main.output(),
    async stop() {
      if (main.end === undefined) main.launched.child.kill('SIGTERM');
      if ((await main.ended(GRACE_MS)) === undefined) main.kill();
      await main.over;
    },
    async remove() {
      for (const running of [main, ...others]) running.kill();
      await main.over;
    },
  };
}

/** Whether a filter lets a program be started at all. Nobody could tell afterwards, where it denies all else as well. */
function letsExecute(filter: Program): boolean {
  const { abi } = thisMachine();
  const call = { nr: nativeNumber('execve'), arch: abi.auditArch, args: NO_ARGUMENTS };
  return executes(actionOfWord(runProgram(filter, call, abi.endian).word).kind);
}

const NO_ARGUMENTS = [0n, 0n, 0n, 0n, 0n, 0n];

/** A program that was started, and what it writes. */
class Running {
  readonly launched: Launched;
  /** Its exit status, as soon as it has ended. */
  end: number | undefined;
  readonly over: Promise<void>;
  private readonly stdout: Kept;
  private readonly stderr: Kept;

  private constructor(launched: Launched) {
    this.launched = launched;
    this.stdout = new Kept(launched.child.stdout as Readable);
    this.stderr = new Kept(launched.child.stderr as Readable);
    this.over = launched.ended.then(async ({ status }) => {
      // What it wrote last comes after its end; what its children write may come for ever.
      await Promise.race([Promise.all([this.stdout.closed, this.stderr.closed]), sleep(200)]);
      this.end = status;
    });
    this.over.catch(() => {});
  }

  /** Throws ContainerRefused where the program cannot be started under the filter. */
  static async start(command: readonly [string, ...string[]], filter: Program | undefined): Promise<Running> {
    try {
      const launched = await launch({
        command,
        env: process.env,
        stdio: ['ignore', 'pipe', 'pipe'],
        filter,
        noNewPrivs: true,
        // Nobody else would end it.
        deathSignal: constants.signals.SIGKILL,
      });
      const running = new Running(launched);
      await launched.go();
      return running;
    } catch (fault) {
      throw new ContainerRefused(fault instanceof Error ? fault.message : String(fault));
    }
  }

  async ended(timeLimitMs: number): Promise<CommandEnd | undefined> {
    const timer = new AbortController();
    await Promise.race([this.over, sleep(timeLimitMs, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    return this.end === undefined ? undefined : { status: this.end, ...this.output() };
  }

  output() {
    return { stdout: this.stdout.bytes(), stderr: this.stderr.bytes() };
  }

  /** With all that it has started and that is still its descendant. */
  kill(): void {
    if (this.end !== undefined) return;
    const root = rootOf(this.launched.pid);
    if (!root) return;
    const [file, , ...argv] = treeKiller(root);
    spawnSync(file, argv, { stdio: 'ignore' });
    this.launched.child.stdout?.destroy();
    this.launched.child.stderr?.destroy();
  }
}
