import { relative, resolve } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { changeLines } from '@callgate/workload/internal/secure/words';
import { Option } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { type PatchFile, type PatchKind, patchFiles } from '../load/secure-patches.ts';
import { fileDocument, noticeLines, type SecuredFile, securedFiles } from '../load/secured-files.ts';
import { isFolderPath, pathsIn } from '../terminal/destinations.ts';
import { shown } from '../terminal/shown.ts';
import { writeFile } from '../terminal/write-file.ts';

interface SecureFlags {
  readonly profile?: string;
  readonly container?: readonly string[];
  readonly replaceUnconfined?: boolean;
  /** False with --no-privilege-escalation. */
  readonly privilegeEscalation: boolean;
  readonly patch?: PatchKind;
  readonly check?: boolean;
  readonly inPlace?: boolean;
  readonly output?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Of one file; more are counted. */
const MOST_LINES = 500;

export const secure: Verb = {
  name: 'secure',

  configure(command) {
    command
      .argument('<file...>', 'Kubernetes manifests and compose files, YAML or JSON; "-" for stdin')
      .option(
        '--profile <path>',
        "a profile of type Localhost, named from the kubelet's seccomp folder, or from the compose file's folder (default: RuntimeDefault)",
      )
      .addOption(
        new Option('--container <name,…>', 'only containers, or services, of these names').argParser(names),
      )
      .option('--replace-unconfined', 'also where Unconfined was asked for')
      .option(
        '--no-privilege-escalation',
        'also allowPrivilegeEscalation: false, but for privileged containers; no-new-privileges in compose',
      )
      .addOption(
        new Option(
          '--patch <kind>',
          'write not the changed file but a patch: json (RFC 6902), strategic, or kustomize (a kustomization)',
        ).choices(['json', 'strategic', 'kustomize']),
      )
      .option('--check', 'write nothing; exit with 1 if something would be changed')
      .option('--in-place', 'write each changed file in its own place')
      .option('-o, --output <file>', 'where it goes; a folder for several; "-" for stdout')
      .option('--json', 'what is changed where as one JSON document, with the text where nothing is written')
      .option('-q, --quiet', 'do not tell what is changed')
      .addHelpText(
        'after',
        `
Pods without a profile get RuntimeDefault at the level of the pod, so that debuggers and injected containers have it, too.
The text is changed where it has to be; comments, order and layout stay. Then callgate reads it again and proves that
it says what was asked for and nothing else. Where it would not, nothing is written.
Charts have to be rendered first (helm template); Unconfined that somebody wrote stays.

Exit status: 0 done, 1 something would be changed (--check), 2 it could not be done.
${examples(
  'secure deployment.yaml --in-place',
  'secure manifests/*.yaml --check',
  'secure pod.yaml --profile profiles/web.json --container web -o pod-web.yaml',
  'secure rollout.yaml --patch kustomize -o kustomization.yaml',
  'secure compose.yaml --profile web.json --no-privilege-escalation --in-place',
)}`,
      );
  },

  async run(context, command) {
    const [given] = command.processedArgs as [string[]];
    const flags = command.opts<SecureFlags>();
    expectConsistent(flags, given);
    const files = await securedFiles(context, given, {
      profile: flags.profile,
      containers: flags.container,
      replacesUnconfined: flags.replaceUnconfined,
      noPrivilegeEscalation: !flags.privilegeEscalation,
    });
    const isChanged = files.some(({ before, secured }) => secured.text !== before);
    const outputs = flags.check ? [] : outputsOf(context, files, flags);
    const isHandedOver = flags.json && outputs.some(({ path }) => path === '-');
    if (!isHandedOver)
      for (const { path, text } of outputs)
        writeFile(context, path, path === '-' && context.stdout.isTTY ? shown(text) : text);
    if (!flags.quiet && !flags.json) tell(context, files, flags);
    if (flags.json) {
      const texts = isHandedOver ? outputs.map(({ name, text }) => ({ name, text })) : undefined;
      context.stdout.write(
        `${writeJson({ changed: isChanged, files: files.map(fileDocument), ...(texts && { texts }) })}\n`,
      );
    }
    return flags.check && isChanged ? FINDINGS : CLEAN;
  },
};

interface OutputFile extends PatchFile {
  readonly path: string;
}

function expectConsistent(flags: SecureFlags, given: readonly string[]): void {
  const ends = [
    flags.check && '--check',
    flags.inPlace && '--in-place',
    flags.output !== undefined && '-o',
  ].filter((end) => end !== false && end !== undefined);
  if (ends.length > 1) throw new CliFailure(`${ends.join(' and ')} do not go together`);
  if (flags.inPlace && flags.patch) throw new CliFailure('--patch leaves the files as they are: take -o');
  const unwritable = given.find((name) => name === '-' || name.startsWith('git:'));
  if (flags.inPlace && unwritable !== undefined)
    throw new CliFailure(`--in-place changes files, and ${printable(unwritable)} is none`);
  if (given.filter((name) => name === '-').length > 1) throw new CliFailure('stdin can be read once');
}

/** What is written, and where. */
function outputsOf(context: Context, files: readonly SecuredFile[], flags: SecureFlags): OutputFile[] {
  if (flags.inPlace)
    return files
      .filter(({ before, secured }) => secured.text !== before)
      .map(({ name, secured }) => ({ name, text: secured.text, path: name }));
  const output = flags.output ?? '-';
  const contents = flags.patch
    ? patchFiles(context, files, flags.patch, output)
    : files.map(({ name, secured }) => ({ name, text: secured.text }));
  if (isFolderPath(context, output)) {
    const paths = pathsIn(
      context,
      output,
      contents.map(({ name }) => (name === '-' ? 'stdin.yaml' : name)),
    );
    return contents.map((content, i) => ({ ...content, path: paths[i] }));
  }
  if (contents.length > 1 && !(flags.json && output === '-'))
    throw new CliFailure(
      flags.patch
        ? `${contents.length} objects take a patch each: -o FOLDER/, or --patch kustomize`
        : `${contents.length} files: -o FOLDER/, or --in-place`,
    );
  return contents.map((content) => ({ ...content, path: output }));
}

function tell(context: Context, files: readonly SecuredFile[], flags: SecureFlags): void {
  const say = (line: string) => context.stderr.write(`callgate: ${line}\n`);
  const verb = flags.check ? 'would be changed' : undefined;
  for (const file of files) {
    const name = printable(file.name);
    const lines = [
      ...noticeLines(file),
      ...file.secured.objects.flatMap((object) => changeLines(object).map((line) => `${name}: ${line}`)),
    ];
    for (const line of lines.slice(0, MOST_LINES)) say(line);
    if (lines.length > MOST_LINES)
      say(`${name}: … and ${lines.length - MOST_LINES} lines more; --json has all`);
    if (file.secured.count === 0 && file.secured.notices.length === 0) say(`${name}: no workload is in it`);
    else if (file.secured.objects.length === 0) say(`${name}: nothing to change`);
    else if (verb) say(`${name}: ${verb}`);
  }
  if (flags.patch === 'kustomize' && files.some(({ name }) => isOutside(context, name, flags.output)))
    say(
      'a file lies outside of the folder of the kustomization: kustomize wants --load-restrictor LoadRestrictionsNone',
    );
}

function isOutside(context: Context, name: string, output = '-'): boolean {
  const isFolder = isFolderPath(context, output);
  const folder = resolve(
    context.cwd,
    output === '-' ? '.' : isFolder ? output : resolve(context.cwd, output, '..'),
  );
  return relative(folder, resolve(context.cwd, name)).startsWith('..');
}

function names(value: string, before: readonly string[] = []): string[] {
  return [...before, ...value.split(',').filter((name) => name !== '')];
}
