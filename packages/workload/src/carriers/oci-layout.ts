import { type Diagnostic, error } from '@callgate/engine/internal/diagnostics/diagnostic';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { type Artifact, type Blob, descriptor, digestOf, MANIFEST_TYPE } from './artifact.ts';
import { type Pointer, readIndex, readManifest } from './artifact-manifest.ts';
import type { CarrierFile } from './carrier.ts';
import { utf8Text } from './utf8.ts';

/** Reads a file of a layout by its path, bounded; undefined where there is none. */
export type LayoutFile = (path: string) => Uint8Array | undefined;

/** The text of the profile in a layout, or why there is none. */
export interface LayoutReading {
  readonly text?: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** An artifact as the files of an OCI image layout, under a name that tools can ask for. */
export function layoutFiles({ manifest, blobs }: Artifact, name: string): CarrierFile[] {
  const pointer = {
    ...descriptor(MANIFEST_TYPE, manifest),
    annotations: { 'org.opencontainers.image.ref.name': name },
  };
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [pointer],
  };
  return [
    { path: 'oci-layout', content: writeJson({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', content: writeJson(index) },
    ...[manifest, ...blobs].map(({ digest, bytes }: Blob) => ({ path: blobPath(digest), content: bytes })),
  ];
}

/** The profile of a layout that holds one artifact; every blob is what its digest says. */
export function readLayout(file: LayoutFile): LayoutReading {
  const index = file('index.json');
  const pointers = index ? readIndex(utf8Text(index) ?? '') : [];
  const [pointer] = pointers;
  if (!pointer) return fault('the index of the layout points to no manifest');
  if (pointers.length > 1)
    return fault(`the layout holds ${pointers.length} images; a layout of a profile has one`);
  const manifest = blobText(file, pointer);
  if (manifest.text === undefined) return manifest;
  const { layer, diagnostics } = readManifest(manifest.text);
  if (!layer) return { diagnostics };
  const profile = blobText(file, layer);
  return { ...profile, diagnostics: [...diagnostics, ...profile.diagnostics] };
}

/** The text of a blob, if it is what its digest says. */
function blobText(file: LayoutFile, { digest }: Pointer): LayoutReading {
  const bytes = file(blobPath(digest));
  if (!bytes) return fault(`the layout lacks the blob ${digest}`);
  if (digestOf(bytes) !== digest) return fault(`the blob ${digest} has other bytes than its digest says`);
  const text = utf8Text(bytes);
  return text === undefined ? fault(`the blob ${digest} is not UTF-8 text`) : { text, diagnostics: [] };
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function fault(message: string): LayoutReading {
  return { diagnostics: [error('bad-artifact', message, { start: 0, end: 0 })] };
}
