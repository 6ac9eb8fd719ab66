import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import { artifactOf } from './artifact.ts';
import { artifactLimits } from './artifact-limits.ts';
import type { Carrier } from './carrier.ts';
import { ociText, resolvedNotes } from './oci.ts';
import { ociArtifact } from './oci-artifact.ts';
import { layoutFiles } from './oci-layout.ts';
import { appliedBy, WORKLOAD_QUESTIONS, workloadPatch } from './pod-patch.ts';
import { writeYaml } from './write-yaml.ts';

/** Where the artifact lies beside the patch. */
const FOLDER = 'artifact/';
const OLD = 'seccomp-profile.kubernetes.cri-o.io';
const NEW = 'seccomp-profile.crio.io';

export const crioAnnotation: Carrier = {
  id: 'crio-annotation',
  about: "CRI-O's annotation of a pod that names a profile in a registry, and what belongs there",
  enforcer: 'container runtime',
  asks: {
    ...WORKLOAD_QUESTIONS,
    repository: {
      about: 'where the artifact will be',
      needed: 'registry.example.com/seccomp/web',
      form: {
        pattern: /^[a-z0-9][a-z0-9.:-]{0,200}(?:\/[a-z0-9][a-z0-9._-]{0,100}){1,10}$/,
        words: 'a registry and a name, without a tag',
      },
    },
    container: {
      about: 'the container that it is for (without it: all of the pod)',
      form: { pattern: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, words: 'the name of a container' },
    },
    annotation: {
      about: `old: ${OLD}, which every CRI-O since 1.30 knows; new: ${NEW}`,
      usual: 'old',
      form: { pattern: /^(?:old|new)$/, words: 'old or new' },
    },
  },
  readFiles: (files) =>
    ociArtifact.readFiles!(
      files.map(({ path, content }) => ({
        path: path.startsWith(FOLDER) ? path.slice(FOLDER.length) : path,
        content,
      })),
    ),
  write(cargo) {
    const { name, answers, profile, target } = cargo;
    const text = ociText(cargo);
    const artifact = artifactOf(text);
    const reference = `${answers.repository}@${artifact.manifest.digest}`;
    const key = answers.annotation === 'new' ? NEW : OLD;
    const annotations = { [`${key}/${answers.container ?? 'POD'}`]: reference };
    const patch = workloadPatch(answers, name, { metadata: { annotations } });
    return {
      files: [
        { path: `${name}.patch.yaml`, content: writeYaml(patch) },
        ...layoutFiles(artifact, name).map(({ path, content }) => ({ path: FOLDER + path, content })),
      ],
      notes: [
        appliedBy(answers, name),
        `first: callgate push PROFILE ${answers.repository}:TAG, which makes the same digest`,
        'it acts only on containers whose seccompProfile is unset or Unconfined; a node without the annotation in its allowed_annotations ignores it, and they run without a filter',
        ...resolvedNotes(cargo),
      ],
      limits: artifactLimits(ociForm(profile, target), text),
    };
  },
};
