import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { type EngineName, NoSuchContainer } from '@callgate/linux/internal/container/container-engine';
import { runningContainer } from '@callgate/linux/internal/container/containers';
import { CliFailure, type Context } from '../context.ts';
import { inputChunks, type Limit, wholeOf } from './read-text.ts';

/** What somebody wants explained. */
export interface WhyQuestion {
  /** A log, or an error text. */
  readonly text?: string;
  readonly container?: string;
  readonly pid?: number;
  /** Its descendants are meant, too: it is the first process of a container. */
  readonly isWithDescendants?: true;
  readonly exit?: number;
  readonly call?: string;
}

export interface WhyFlags {
  readonly pid?: string;
  readonly container?: string;
  readonly exit?: string;
  readonly call?: string;
}

/** Puts together what the arguments and the flags ask for; "-" is stdin, and what is a file is read. */
export async function whyQuestion(
  context: Context,
  words: readonly string[],
  flags: WhyFlags,
): Promise<WhyQuestion> {
  const [first = ''] = words;
  const subject = /^(docker|podman|pid):([\w.-]+)$/.exec(first);
  const pid = flags.pid ?? (subject?.[1] === 'pid' ? subject[2] : undefined);
  const named = flags.container ?? (subject && subject[1] !== 'pid' ? first : undefined);
  const live = LIVE_ALONE.exec(named ?? first);
  const container = live ? undefined : named;
  // What stands behind a subject is the text of its error.
  const isSubject = subject !== null || (live !== null && named === undefined);
  const texts = isSubject ? words.slice(1) : words;
  const whole = texts.join(' ').trim();
  const text = whole === '' ? undefined : await textNamed(context, texts, whole);
  const question: WhyQuestion = {
    ...(text !== undefined && { text }),
    ...(container !== undefined && { container }),
    ...(pid !== undefined && { pid: numberNamed(pid, '--pid', 1, 4_194_304) }),
    ...(live && {
      pid: await firstProcess(live[1] as EngineName, live[2]),
      isWithDescendants: true as const,
    }),
    ...(flags.exit !== undefined && { exit: numberNamed(flags.exit, '--exit', -64, 255) }),
    ...(flags.call !== undefined && { call: flags.call }),
  };
  if (Object.keys(question).length === 0)
    throw new CliFailure(
      'nothing is asked: a line of a log, an error text, "-", docker:NAME, runc:NAME, --pid, --container, --exit or --call',
    );
  return question;
}

/** Engines that tell nothing of a container but its first process. */
const LIVE_ALONE = /^(containerd|crio|crun|runc):([\w][\w./+-]*)$/;

async function firstProcess(engine: EngineName, name: string): Promise<number> {
  try {
    return (await runningContainer(engine, name)).pid;
  } catch (fault) {
    throw fault instanceof NoSuchContainer ? new CliFailure(printable(fault.message)) : fault;
  }
}

const OF_LOGS: Limit = {
  most: 128 * 2 ** 20,
  hint: 'give why the part in question; callgate read sums up logs of any length',
};

async function textNamed(context: Context, words: readonly string[], whole: string): Promise<string> {
  const isFile =
    words.length === 1 &&
    whole.length < 4096 &&
    !whole.includes('\n') &&
    isReadable(resolve(context.cwd, whole));
  if (whole !== '-' && !isFile) return whole;
  const input = whole === '-' ? context.stdin : inputChunks(context, whole, 64 * 1024);
  const bytes = await wholeOf(input, whole, OF_LOGS);
  return Buffer.from(bytes).toString('utf8');
}

function isReadable(path: string): boolean {
  return existsSync(path) && !statSync(path).isDirectory();
}

function numberNamed(text: string, flag: string, least: number, most: number): number {
  const number = /^-?\d{1,8}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new CliFailure(`${flag}: "${printable(text)}" is no number from ${least} to ${most}`);
}
