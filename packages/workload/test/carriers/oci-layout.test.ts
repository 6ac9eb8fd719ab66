import {
  artifactOf,
  CONFIG_TYPE,
  digestOf,
  MANIFEST_TYPE,
} from '@callgate/workload/internal/carriers/artifact';
import { readManifest } from '@callgate/workload/internal/carriers/artifact-manifest';
import { layoutFiles, readLayout } from '@callgate/workload/internal/carriers/oci-layout';
import { contentBytes, utf8Bytes } from '@callgate/workload/internal/carriers/utf8';
import { describe, expect, it } from 'vitest';

const TEXT = '{"defaultAction": "SCMP_ACT_ALLOW"}\n';
const FILES = new Map(
  layoutFiles(artifactOf(TEXT), 'web').map(({ path, content }) => [path, contentBytes(content)]),
);

describe('a layout', () => {
  it('gives back the text', () => {
    expect(readLayout((path) => FILES.get(path))).toEqual({ text: TEXT, diagnostics: [] });
  });

  it('has the same bytes for the same text', () => {
    expect(artifactOf(TEXT)).toEqual(artifactOf(TEXT));
    expect(artifactOf(TEXT).manifest.digest).not.toBe(artifactOf(`${TEXT} `).manifest.digest);
  });

  it.each([...FILES.keys()].filter((path) => path.startsWith('blobs/')))(
    '%s has to be what its name says',
    (path) => {
      const spoiled = new Map(FILES).set(path, utf8Bytes('{ }'));
      const { text, diagnostics } = readLayout((name) => spoiled.get(name));
      // Nobody reads the config: its type is all that counts.
      if (FILES.get(path)!.length === 2) expect(text).toBe(TEXT);
      else
        expect(diagnostics).toMatchObject([
          { code: 'bad-artifact', message: expect.stringContaining('other bytes') },
        ]);
    },
  );

  it('without files has a fault', () => {
    expect(readLayout(() => undefined).diagnostics).toMatchObject([{ code: 'bad-artifact' }]);
    expect(
      readLayout((path) => (path === 'index.json' ? FILES.get(path) : undefined)).diagnostics,
    ).toMatchObject([{ message: expect.stringContaining('lacks the blob') }]);
  });
});

describe('a manifest', () => {
  const LAYER = { mediaType: 'application/json', digest: digestOf(utf8Bytes(TEXT)), size: 36 };
  const manifest = (keys: object) =>
    JSON.stringify({
      mediaType: MANIFEST_TYPE,
      config: { mediaType: CONFIG_TYPE },
      layers: [LAYER],
      ...keys,
    });

  it('of a profile names its layer', () => {
    expect(readManifest(manifest({}))).toEqual({ layer: LAYER, diagnostics: [] });
    const empty = { config: { mediaType: 'application/vnd.oci.empty.v1+json' }, artifactType: CONFIG_TYPE };
    expect(readManifest(manifest(empty))).toEqual({ layer: LAYER, diagnostics: [] });
  });

  it('whose config says nothing is read, with a warning', () => {
    const config = { mediaType: 'application/vnd.unknown.config.v1+json' };
    expect(readManifest(manifest({ config }))).toMatchObject({
      layer: LAYER,
      diagnostics: [{ severity: 'warning' }],
    });
  });

  it.each([
    [{ layers: [LAYER, LAYER] }, 'this one has 2'],
    [{ layers: [] }, 'with 0 layers'],
    [{ layers: [{ ...LAYER, size: 2 ** 21 }] }, 'runtimes take 1048576'],
    [{ layers: [{ ...LAYER, digest: 'sha256:../../x' }] }, 'no digest'],
    [{ layers: [{ ...LAYER, size: -1 }] }, 'no digest or no size'],
    [{ config: { mediaType: 'application/vnd.oci.image.config.v1+json' } }, 'another kind'],
    [{ mediaType: 'application/vnd.docker.distribution.manifest.v2+json' }, 'no OCI artifact'],
  ])('%j is refused', (keys, message) => {
    const { layer, diagnostics } = readManifest(manifest(keys));
    expect(layer).toBeUndefined();
    expect(diagnostics).toMatchObject([{ code: 'bad-artifact', severity: 'error' }]);
    expect(diagnostics[0].message).toContain(message);
  });

  it.each(['', '[', 'null', '"x"', '{"layers": 1}'])('%j is no manifest', (text) => {
    const { layer, diagnostics } = readManifest(text);
    expect(layer).toBeUndefined();
    expect(diagnostics).not.toEqual([]);
  });
});
