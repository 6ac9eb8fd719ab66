import { findProfiles } from '@callgate/engine/internal/profile/carriers';
import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import { formatOf, readDocuments } from '@callgate/engine/internal/source/read';
import { artifactOf } from './artifact.ts';
import { artifactLimits } from './artifact-limits.ts';
import type { Carrier, CarrierReading } from './carrier.ts';
import { ociText, resolvedNotes } from './oci.ts';
import { layoutFiles, readLayout } from './oci-layout.ts';
import { contentBytes } from './utf8.ts';

export const ociArtifact: Carrier = {
  id: 'oci-artifact',
  about: 'an artifact of a registry (KEP-6061, CRI-O), as an OCI image layout: a folder, or FILE.tar',
  enforcer: 'container runtime',
  readFiles(files) {
    const byPath = new Map(files.map(({ path, content }) => [path, content]));
    if (!byPath.has('oci-layout')) return undefined;
    const { text, diagnostics } = readLayout((path) => {
      const content = byPath.get(path);
      return content === undefined ? undefined : contentBytes(content);
    });
    return text === undefined ? { profiles: [], diagnostics } : profilesOf(text, diagnostics);
  },
  write(cargo) {
    const text = ociText(cargo);
    const artifact = artifactOf(text);
    return {
      files: layoutFiles(artifact, cargo.name),
      notes: [
        `its digest is ${artifact.manifest.digest}; callgate push puts the same into a registry`,
        'CRI-O takes it by an annotation of a pod; Kubernetes is to take it as a type of seccompProfile (KEP-6061), by digest alone',
        ...resolvedNotes(cargo),
      ],
      limits: artifactLimits(ociForm(cargo.profile, cargo.target), text),
    };
  },
};

/** The profile of a layer: JSON, or a resource of an operator in YAML. */
function profilesOf(text: string, diagnostics: CarrierReading['diagnostics']): CarrierReading {
  const documents = readDocuments(text, formatOf(text));
  return {
    profiles: findProfiles(documents.value ?? [], text),
    diagnostics: [...diagnostics, ...documents.diagnostics],
  };
}
