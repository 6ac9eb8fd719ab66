import { hasErrors } from '@callgate/engine/internal/diagnostics/diagnostic';
import { printable, printableInPlace } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { Reference } from '@callgate/linux/internal/registry/reference';
import { Registry } from '@callgate/linux/internal/registry/registry';
import { MANIFEST_TYPE } from '@callgate/workload/internal/carriers/artifact';
import { readManifest } from '@callgate/workload/internal/carriers/artifact-manifest';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, InputFaults } from '../context.ts';
import { located, writeFaults } from '../load/faults.ts';
import { textOf } from '../load/read-text.ts';
import { referenceNamed, withRegistry } from '../load/registry.ts';
import { writeFile } from '../terminal/write-file.ts';

interface PullFlags {
  readonly output: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A profile as it lies in a registry. */
interface Pulled {
  readonly digest: string;
  readonly text: string;
  readonly warnings: ReturnType<typeof located>;
}

export const pull: Verb = {
  name: 'pull',

  configure(command) {
    command
      .argument('<reference>', 'what is fetched: REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:…')
      .option('-o, --output <file>', 'where the profile goes; "-" for stdout', '-')
      .option(
        '--json',
        'one JSON document: the reference with its digest, and the text where -o names no file',
      )
      .option('-q, --quiet', 'do not tell the digest')
      .addHelpText(
        'after',
        `
The profile is written as it lies there, byte for byte, after the digest of everything that was fetched has been checked.
Artifacts of another kind, with several layers or with more than 1 MiB are refused, as runtimes refuse them. Passwords are
those that docker login has put into ~/.docker/config.json; credential helpers and proxies are not used.
${examples(
  'pull registry.example.com/seccomp/web:1 -o web.json',
  'pull localhost:5000/seccomp/web:1 | callgate lint -',
)}`,
      );
  },

  async run(context, command) {
    const [name] = command.processedArgs as [string];
    const flags = command.opts<PullFlags>();
    const reference = referenceNamed(name);
    const { digest, text, warnings } = await withRegistry(() => pulled(context, name, reference));
    const pinned = `${reference.registry}/${reference.repository}@${digest}`;
    const toStdout = flags.output === '-';
    if (toStdout && !flags.json && context.stdout.isTTY && !isPlain(text))
      throw new CliFailure('the text has characters that a terminal acts on: give a file with -o');
    if (!(flags.json && toStdout)) writeFile(context, flags.output, text);
    if (flags.json) {
      const part = { ...(toStdout && { text }), ...(warnings.length > 0 && { warnings }) };
      context.stdout.write(`${writeJson({ reference: pinned, digest, ...part })}\n`);
      return CLEAN;
    }
    writeFaults(context, warnings, '', 'callgate: ');
    if (!flags.quiet) context.stderr.write(`callgate: ${printable(pinned)}\n`);
    return CLEAN;
  },
};

function isPlain(text: string): boolean {
  return text.split(/[\t\n]|\r\n/).every((line) => printableInPlace(line) === line);
}

async function pulled(context: Context, name: string, reference: Reference): Promise<Pulled> {
  const registry = new Registry(reference, 'pull', context.env);
  const manifest = await registry.manifest(MANIFEST_TYPE);
  const manifestText = textOf(manifest.bytes, name);
  const { layer, diagnostics } = readManifest(manifestText);
  const faults = located(diagnostics, name, manifestText);
  if (!layer || hasErrors(diagnostics)) throw new InputFaults(faults, manifestText);
  const { bytes } = await registry.blob(layer.digest, layer.size);
  return { digest: manifest.digest, text: textOf(bytes, name), warnings: faults };
}
