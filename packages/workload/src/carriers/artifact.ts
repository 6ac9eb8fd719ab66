import { writeJson } from '@callgate/engine/internal/source/write-json';
import { sha256 } from './sha256.ts';
import { utf8Bytes } from './utf8.ts';

/** What tells a profile from other artifacts of a registry (KEP-6061): the type of the manifest's config. */
export const CONFIG_TYPE = 'application/vnd.cncf.seccomp-profile.config.v1+json';
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const LAYER_TYPE = 'application/json';
/** What runtimes take by default. */
export const MOST_LAYER_BYTES = 1024 * 1024;

/** A blob of a registry, by what it holds. */
export interface Blob {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** A profile as an OCI artifact: the same for the same text, byte for byte. */
export interface Artifact {
  readonly manifest: Blob;
  readonly blobs: readonly Blob[];
}

/** The artifact of a profile's text. */
export function artifactOf(text: string): Artifact {
  const [config, layer] = ['{}', text].map((content) => blob(utf8Bytes(content)));
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: CONFIG_TYPE,
    config: descriptor(CONFIG_TYPE, config),
    layers: [
      {
        ...descriptor(LAYER_TYPE, layer),
        annotations: { 'org.opencontainers.image.title': 'profile.json' },
      },
    ],
  };
  return { manifest: blob(utf8Bytes(writeJson(manifest))), blobs: [config, layer] };
}

/** What points to a blob. */
export function descriptor(mediaType: string, { digest, bytes }: Blob): object {
  return { mediaType, digest, size: bytes.length };
}

function blob(bytes: Uint8Array): Blob {
  return { digest: digestOf(bytes), bytes };
}

/** The digest of bytes, as registries write it. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${sha256(bytes)}`;
}
