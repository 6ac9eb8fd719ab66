import { type Diagnostic, error, warning } from '@callgate/engine/internal/diagnostics/diagnostic';
import { readSource } from '@callgate/engine/internal/source/read';
import { quote, type Tree } from '@callgate/engine/internal/source/tree';
import { CONFIG_TYPE, MANIFEST_TYPE, MOST_LAYER_BYTES } from './artifact.ts';

const EMPTY_CONFIG = 'application/vnd.oci.empty.v1+json';
/** What tools wrote before the config had a type of its own. */
const UNTYPED = 'application/vnd.unknown.config.v1+json';
const MOST_BLOBS = 100;

/** A blob that a manifest or an index points to. */
export interface Pointer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** What a manifest says of a profile: the blob that is it, or why there is none. */
export interface ManifestReading {
  readonly layer?: Pointer;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the manifest of an artifact; what runtimes would refuse in it is a fault, or a warning where it can be read. */
export function readManifest(text: string): ManifestReading {
  const { value, diagnostics } = readSource(text, 'json');
  if (!value) return { diagnostics };
  const layers = list(value, 'layers').map(pointerOf);
  const [layer] = layers;
  const config = member(value, 'config');
  const type = (config && string(config, 'mediaType')) ?? '';
  const kind = type === EMPTY_CONFIG ? (string(value, 'artifactType') ?? '') : type;
  const mediaType = string(value, 'mediaType') ?? MANIFEST_TYPE;
  if (mediaType !== MANIFEST_TYPE || layers.length === 0)
    return fault(`it is no OCI artifact: its manifest is ${quote(mediaType)} with ${layers.length} layers`);
  if (layers.length > 1)
    return fault(`an artifact of a profile has one layer, this one has ${layers.length}`);
  if (!layer) return fault('its layer has no digest or no size');
  if (layer.size > MOST_LAYER_BYTES)
    return fault(`its layer has ${layer.size} bytes, runtimes take ${MOST_LAYER_BYTES}`);
  if (kind === CONFIG_TYPE) return { layer, diagnostics: [] };
  if (kind !== UNTYPED && kind !== '') return fault(`it is an artifact of another kind: ${quote(kind)}`);
  const message = `its config does not say that it is a profile, so runtimes refuse it: ${quote(kind)} is not ${CONFIG_TYPE}`;
  return { layer, diagnostics: [warning('bad-artifact', message, START)] };
}

/** The manifests that the index of an image layout points to. */
export function readIndex(text: string): Pointer[] {
  const { value } = readSource(text, 'json');
  if (!value) return [];
  return list(value, 'manifests').flatMap((item) => pointerOf(item) ?? []);
}

const START = { start: 0, end: 0 };

function fault(message: string): ManifestReading {
  return { diagnostics: [error('bad-artifact', message, START)] };
}

function pointerOf(tree: Tree): Pointer | undefined {
  const [mediaType, digest] = ['mediaType', 'digest'].map((key) => string(tree, key));
  const size = member(tree, 'size');
  if (size?.kind !== 'number' || !/^\d{1,15}$/.test(size.text)) return undefined;
  if (digest === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest)) return undefined;
  return { mediaType: mediaType ?? '', digest, size: Number(size.text) };
}

function member(tree: Tree, key: string): Tree | undefined {
  return tree.kind === 'object' ? tree.entries.find((entry) => entry.key === key)?.value : undefined;
}

function string(tree: Tree, key: string): string | undefined {
  const value = member(tree, key);
  return value?.kind === 'string' ? value.value : undefined;
}

function list(tree: Tree, key: string): readonly Tree[] {
  const value = member(tree, key);
  return value?.kind === 'array' ? value.items.slice(0, MOST_BLOBS) : [];
}
