import { formatDiagnostic } from '@callgate/engine/internal/report/diagnostics';
import { differencesText } from '@callgate/engine/internal/report/differences';
import { printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { Registry } from '@callgate/linux/internal/registry/registry';
import { artifactOf, MANIFEST_TYPE } from '@callgate/workload/internal/carriers/artifact';
import { ociText, resolvedNotes } from '@callgate/workload/internal/carriers/oci';
import { ociArtifact } from '@callgate/workload/internal/carriers/oci-artifact';
import { type Shipped, ship } from '@callgate/workload/internal/carriers/ship';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { loadCargo, shippingFaults } from '../load/cargo.ts';
import { referenceNamed, withRegistry } from '../load/registry.ts';
import { type LoadedSubject, SUBJECT_HELP } from '../load/subject.ts';
import { styleFor } from '../terminal/style.ts';

interface PushFlags extends TargetFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const push: Verb = {
  name: 'push',

  configure(command) {
    command
      .argument('<subject>', SUBJECT_HELP)
      .argument('<reference>', 'where it goes: REGISTRY/NAME:TAG')
      .option('--json', 'one JSON document: the reference with its digest')
      .option('-q, --quiet', 'print nothing but the reference with its digest');
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
The profile goes into the registry in OCI's form, as Kubernetes (KEP-6061) and CRI-O take it. The same profile always has the
same digest. What runtimes refuse of an artifact is told, and nothing is pushed. Passwords are those that docker login has
put into ~/.docker/config.json; credential helpers and proxies are not used. Registries on this machine are asked by http,
others by https.

Exit status: 0 it is there, 1 an artifact cannot hold it, 2 could not do it.
${examples(
  'push profile.json registry.example.com/seccomp/web:1',
  'push stock:docker localhost:5000/seccomp/docker:29 --arch x86_64',
)}`,
    );
  },

  async run(context, command) {
    const [name, where] = command.processedArgs as [string, string];
    const flags = command.opts<PushFlags>();
    const reference = referenceNamed(where);
    if (reference.digest !== undefined)
      throw new CliFailure('a digest is what comes out of it: name a tag, or nothing behind the name');
    const { cargo, subject } = await loadCargo(context, name, targetOf(flags), {
      allowUnknown: flags.allowUnknown,
      quiet: true,
    });
    const whole = { ...cargo, answers: {} };
    const shipped = ship(ociArtifact, whole)!;
    if (!shipped.isWhole) return refuse(context, flags, { name, subject, shipped });
    const { manifest, blobs } = artifactOf(ociText(whole));
    const registry = new Registry(reference, 'pull,push', context.env);
    await withRegistry(async () => {
      for (const blob of blobs) await registry.putBlob(blob);
      await registry.putManifest(manifest, MANIFEST_TYPE);
    });
    if (!flags.quiet && !flags.json)
      for (const note of resolvedNotes(whole)) context.stderr.write(`callgate: ${note}\n`);
    const pinned = `${reference.registry}/${reference.repository}@${manifest.digest}`;
    const { digest } = manifest;
    context.stdout.write(
      flags.json
        ? `${writeJson({ reference: pinned, digest, size: manifest.bytes.length })}\n`
        : `${pinned}\n`,
    );
    return CLEAN;
  },
};

interface Refused {
  readonly name: string;
  readonly subject: LoadedSubject;
  readonly shipped: Shipped;
}

function refuse(context: Context, { json }: PushFlags, { name, subject, shipped }: Refused): number {
  const { proof } = shipped;
  const diagnostics = shippingFaults(shipped, subject);
  if (json) context.stdout.write(`${writeJson({ diagnostics })}\n`);
  for (const diagnostic of diagnostics) context.stderr.write(`callgate: ${formatDiagnostic(diagnostic)}\n`);
  if (proof?.kind === 'read' && proof.differences.listed.length > 0)
    context.stderr.write(
      `callgate: ${printable(name)} → artifact: ${differencesText(styleFor(context.stderr, context.env), proof.differences)}`,
    );
  context.stderr.write('callgate: nothing was pushed: an OCI artifact cannot hold this profile\n');
  return FINDINGS;
}
