import { lstatSync, mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { withOrdinarySockets } from '@callgate/engine/internal/build/ordinary-sockets';
import { strictDefault } from '@callgate/engine/internal/build/strict-default';
import { synthesize } from '@callgate/engine/internal/build/synthesize';
import type { Finding } from '@callgate/engine/internal/lint/finding';
import { fixProfile } from '@callgate/engine/internal/lint/fix';
import { libcWithoutFallback } from '@callgate/engine/internal/lint/rules/libc-without-fallback';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { boundLines } from '@callgate/engine/internal/report/bound';
import { printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { isName, nameFrom } from '@callgate/workload/internal/carriers/answers';
import type { CarrierFile } from '@callgate/workload/internal/carriers/carrier';
import { daemonset } from '@callgate/workload/internal/carriers/daemonset';
import { nodeFile } from '@callgate/workload/internal/carriers/node-file';
import {
  STARTER_SERVICES,
  type StarterPlan,
  type StarterService,
  starterFiles,
} from '@callgate/workload/internal/starter/starter';
import {
  runtimeOf,
  STARTER_ENGINES,
  type StarterEngine,
} from '@callgate/workload/internal/starter/starter-engine';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context } from '../context.ts';
import { answersFor } from '../flags/carrier-flags.ts';
import { containerOptionsOf } from '../flags/container-flags.ts';
import { targetOf } from '../flags/target-flags.ts';
import { boundOf } from '../load/bound.ts';
import { readRecording } from '../load/recording.ts';
import { nearestStock } from '../load/stock.ts';
import { styleFor } from '../terminal/style.ts';
import { reason, writeFile } from '../terminal/write-file.ts';

interface InitFlags {
  readonly engine: StarterEngine;
  readonly ci?: StarterService;
  readonly recording?: string;
  readonly image?: string;
  readonly name?: string;
  readonly profileOnly?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A reference of an image, as engines take it. */
const IMAGE = /^[a-zA-Z0-9][\w.:/@-]{0,300}$/;
const SOME_NAME = 'app';

const TO_DO = 'replace this by what was recorded, as profiles/README.md says';

export const init: Verb = {
  name: 'init',

  configure(command) {
    command
      .argument('[folder]', 'where the files go: the top of your repository', '.')
      .addOption(
        new Option('--engine <name>', 'what starts the containers')
          .choices(STARTER_ENGINES)
          .default('docker'),
      )
      .addOption(new Option('--ci <service>', 'also a workflow for it').choices(STARTER_SERVICES))
      .option('--recording <file>', 'make the profile from this recording (default: a strict default)')
      .option('--image <image>', 'the image of the application')
      .option('--name <name>', 'what the application is called (default: the name of its image)')
      .option('--profile-only', 'write the profile alone, over the one that is there; with --recording')
      .option('--force', 'write over what is there')
      .option('--json', 'one JSON document: what was written')
      .option('-q, --quiet', 'say nothing')
      .addHelpText(
        'after',
        `
Writes a profile, a test for callgate test, callgate.config.yaml, a page that explains them and, where asked, a workflow and
manifests of Kubernetes. All of them or none: what is there already is listed, and stays.

Exit status: 0 written, 2 it could not be done.
${examples(
  'init --image nginx:1.27 --ci github',
  'init . --recording rec.json --name web',
  'init --recording rec.json --name web --profile-only',
  'init deploy --engine kubernetes --ci gitlab --image registry.example.com/web:1.0',
)}`,
      );
  },

  async run(context, command) {
    const [folder] = command.processedArgs as [string];
    const flags = command.opts<InitFlags>();
    if (flags.profileOnly && flags.recording === undefined)
      throw new CliFailure('--profile-only goes with --recording: it is for a profile that is there already');
    const all = starterFiles(await planOf(context, flags));
    const files = flags.profileOnly ? all.slice(0, 1) : all;
    writeAll(context, folder, files, flags.force ?? flags.profileOnly ?? false);
    const paths = files.map(({ path }) => join(folder, path));
    if (flags.json) context.stdout.write(`${writeJson({ files: paths })}\n`);
    else if (!flags.quiet) {
      const lines = paths.map((path) => `wrote ${printable(path)}`);
      const next = flags.profileOnly ? [] : [`next: read ${printable(paths.at(-1)!)}`];
      context.stdout.write([...lines, ...next].map((line) => `${line}\n`).join(''));
    }
    return CLEAN;
  },
};

async function planOf(context: Context, flags: InitFlags): Promise<StarterPlan> {
  const { engine, ci, image } = flags;
  if (image !== undefined && !IMAGE.test(image))
    throw new CliFailure(`--image ${printable(image)} is no reference of an image`);
  const name = flags.name ?? nameOfImage(image);
  if (!isName(name))
    throw new CliFailure(
      `--name ${printable(name)}: a name is small letters, digits and "-", at most 63, such as ${nameFrom(name)}`,
    );
  const profile = await profileText(context, flags);
  return {
    ...{ name, image, engine, ci, profile, isRecorded: flags.recording !== undefined },
    ...(engine === 'kubernetes' && { onNodes: onNodes(name, profile) }),
  };
}

/** The last part of a reference, without its tag and digest. */
function nameOfImage(image: string | undefined): string {
  if (image === undefined) return SOME_NAME;
  return nameFrom(image.split('/').at(-1)!.split(/[:@]/)[0]);
}

async function profileText(context: Context, { engine, recording, quiet }: InitFlags): Promise<string> {
  const runtime = runtimeOf(engine);
  if (recording === undefined) return strictDefault(await nearestStock(runtime).text(), TO_DO);
  const flags = { runtime, newPrivs: true, looserThan: true };
  const recorded = await readRecording(context, recording);
  const bound = await boundOf(context, flags, [recorded]);
  const { profile, bounded } = synthesize([recorded], { ...(await containerOptionsOf(flags)), bound });
  const style = styleFor(context.stderr, context.env);
  if (bounded && !quiet)
    for (const line of boundLines(style, bounded)) context.stderr.write(`callgate: ${line}\n`);
  return withFallbacks(stringifyProfile(withOrdinarySockets(profile, recorded)), runtime);
}

/** The profile with ENOSYS for calls that a C library tries first and goes back from on that alone, for lint wants it. */
function withFallbacks(text: string, runtime: string): string {
  const subject = { name: 'profile.json', text };
  const isMeant = ({ code }: Finding) => code === libcWithoutFallback.code;
  return fixProfile(subject, { target: targetOf({ runtime }) }, isMeant).at(-1)?.text ?? text;
}

/** What puts the profile on every node, and how pods name it there. */
function onNodes(name: string, text: string): StarterPlan['onNodes'] {
  const profile = parseProfile(text, { unknownNames: 'skip' }).value!;
  const target = targetOf({ runtime: 'containerd' });
  const policy = lowerProfile(profile, target).value!;
  const cargo = { profile, name, target, policy, answers: answersFor(daemonset) };
  const [{ content }] = daemonset.write!(cargo).files;
  return { manifest: String(content), localhostProfile: nodeFile(cargo).path };
}

/** All files or none: what is there already is told, what was made goes again when one cannot be written. */
function writeAll(context: Context, folder: string, files: readonly CarrierFile[], isForced: boolean): void {
  const places = files.map(({ path, content }) => ({ path: join(folder, path), content }));
  const there = places.filter(({ path }) => exists(resolve(context.cwd, path)));
  if (there.length > 0 && !isForced)
    throw new CliFailure(
      `nothing was written, because there is already ${there.map(({ path }) => printable(path)).join(', ')}; --force writes over it`,
    );
  const folders: string[] = [];
  const written: string[] = [];
  try {
    for (const { path, content } of places) {
      folders.push(...makeFolders(context, dirname(path)));
      writeFile(context, path, content);
      written.push(path);
    }
  } catch (fault) {
    // What somebody let be written over cannot be had again.
    const isNew = (path: string) => !there.some((place) => place.path === path);
    for (const path of written.filter(isNew)) rmSync(resolve(context.cwd, path), { force: true });
    for (const made of folders.toReversed()) removeIfEmpty(made);
    throw fault;
  }
}

/** Makes a folder and those above it; which were made, the outermost first. */
function makeFolders(context: Context, folder: string): string[] {
  const path = resolve(context.cwd, folder);
  try {
    const first = mkdirSync(path, { recursive: true });
    if (first === undefined) return [];
    const below = relative(first, path).split('/').filter(Boolean);
    return [first, ...below.map((_, i) => join(first, ...below.slice(0, i + 1)))];
  } catch (fault) {
    throw new CliFailure(`cannot make the folder ${printable(folder)}: ${reason(fault)}`);
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody has put something there.
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
