import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { findProgram } from '@callgate/linux/internal/process/find-program';
import { type Entry, tar } from './tar.ts';

const CPUS: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** What holds the namespaces of a pod: it does nothing, until it is killed. */
export const PAUSE_IMAGE = 'callgate.test/pause:1';
/** BusyBox, for pods that a test makes. */
export const BUSYBOX_IMAGE = 'callgate.test/busybox:1';

/** Says under which seccomp mode it runs, and ends after a second; as a user who is not root. */
export const STATUS_IMAGE = 'callgate.test/status:1';
const SAY_STATUS = 'busybox grep Seccomp: /proc/self/status; busybox sleep 1';

/** All images as `ctr images import` takes them, one OCI layout each: no registry is asked. */
export function clusterImages(): readonly { readonly name: string; readonly archive: Buffer }[] {
  const busybox = { content: readFileSync(findProgram('busybox', process.env.PATH)), mode: 0o755 };
  const files = ['bin/busybox', 'bin/sh'].map((path) => ({ path, ...busybox }));
  return [
    { name: 'pause', archive: layout(PAUSE_IMAGE, files.slice(0, 1), ['/bin/busybox', 'sleep', 'infinity']) },
    { name: 'busybox', archive: layout(BUSYBOX_IMAGE, files, ['/bin/sh']) },
    { name: 'status', archive: layout(STATUS_IMAGE, files, ['/bin/sh', '-c', SAY_STATUS], '1000') },
  ];
}

/** An image with one layer. */
function layout(name: string, files: readonly Entry[], entrypoint: readonly string[], user = '0'): Buffer {
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, content: Buffer) => {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  };
  const type = (kind: string) => `application/vnd.oci.image.${kind}`;
  const layer = put(type('layer.v1.tar'), tar(files));
  const platform = { os: 'linux', architecture: CPUS[process.arch] };
  const config = put(
    type('config.v1+json'),
    json({
      ...platform,
      config: { Entrypoint: entrypoint, Env: ['PATH=/bin'], User: user },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
  );
  const manifest = put(
    type('manifest.v1+json'),
    json({ schemaVersion: 2, mediaType: type('manifest.v1+json'), config, layers: [layer] }),
  );
  const annotations = { 'io.containerd.image.name': name };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, platform, annotations }] };
  return tar([
    { path: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', content: json(index) },
    ...[...blobs].map(([digest, content]) => ({ path: `blobs/${digest.replace(':', '/')}`, content })),
  ]);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
