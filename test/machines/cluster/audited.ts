import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clientCommand, kubectl } from './client.ts';
import { STATUS_IMAGE } from './images.ts';
import { NODES, STATE } from './places.ts';
import { until } from './until.ts';

const MANIFESTS = join(import.meta.dirname, '../../../packages/testing/manifests');
const IMAGE = /(["']?)example\.test\/[\w./:-]+\1/g;
/** Pods at once: a kubelet takes 110. */
const BATCH = 25;
const PATIENCE_MS = 90_000;
/**
 * Documents that speak of other nodes, namespaces or kinds than there are here, of AppArmor, or that no server takes as they
 * are.
 */
const NOT_HERE =
  /windows|ephemeralContainers|hostUsers: false|procMount|static|podman|namespace:|generateName|appArmor|nodeSelector|serviceAccountName|volumeMounts|priority|envFrom|valueFrom|^ *-? *kind: (?:Namespace|Node|List)\b|^apiVersion: (?!v1|apps|batch)/m;
/** The kinds whose pods the cluster makes at once. */
const KINDS = ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'];

/** What audit says of a container. */
interface Said {
  readonly workload: string;
  readonly container: string;
  readonly effective: { readonly type: string };
}

interface Audited {
  readonly containers: readonly Said[];
  readonly findings: readonly { readonly message: string }[];
}

interface Manifest {
  readonly name: string;
  readonly text: string;
  readonly said: readonly Said[];
  /** What it says of the seccomp control of the Pod Security Standards. */
  readonly standards: readonly string[];
}

/** What a container wrote, by pod and container. */
type Modes = ReadonlyMap<string, string>;

/** The corpus of manifests in a real cluster: what audit says of each container beside what its process says of itself. */
export class AuditedManifests {
  private readonly clients: string;
  private readonly callgate: string;

  /** @param callgate callgate.js of the installed package. */
  constructor(clients: string, callgate: string) {
    this.clients = clients;
    this.callgate = callgate;
  }

  async faults(): Promise<{ readonly faults: readonly string[]; readonly compared: number }> {
    for (const { folder } of NODES)
      cpSync(join(MANIFESTS, 'seccomp'), join(folder, 'var/lib/kubelet/seccomp'), { recursive: true });
    // Facts about files and floors are those of this machine's pair.
    await kubectl(this.clients, ['cordon', NODES[1].name]);
    const manifests = await this.manifests();
    const faults: string[] = [...(await this.standardsFaults(manifests))];
    let compared = 0;
    for (let at = 0; at < manifests.length; at += BATCH) {
      const batch = manifests.slice(at, at + BATCH);
      const modes = await this.modesOf(batch);
      for (const manifest of batch) {
        const found = compare(manifest, modes.get(manifest.name) ?? new Map());
        faults.push(...found.faults);
        compared += found.compared;
      }
    }
    await kubectl(this.clients, ['uncordon', NODES[1].name]);
    return { faults, compared };
  }

  /** Where the admission plugin has other words for a manifest than audit. */
  private async standardsFaults(manifests: readonly Manifest[]): Promise<string[]> {
    const name = 'audited-standards';
    await kubectl(this.clients, ['create', 'namespace', name]);
    const label = 'pod-security.kubernetes.io/warn=restricted';
    await kubectl(this.clients, ['label', 'namespace', name, label]);
    const faults: string[] = [];
    for (const manifest of manifests) {
      const warnings = await this.warningsFor(manifest, name);
      // What the API server refuses for other reasons is not judged.
      if (warnings === undefined) continue;
      const [here, there] = [manifest.standards, controlsIn(warnings)].map((words) =>
        [...words].sort().join('\n'),
      );
      if (here !== there)
        faults.push(`${manifest.name}: audit says ${here || 'nothing'}, Pod Security ${there || 'nothing'}`);
    }
    await kubectl(this.clients, ['delete', 'namespace', '--wait=false', name]);
    return faults;
  }

  private async warningsFor({ text }: Manifest, namespace: string): Promise<string | undefined> {
    const file = join(STATE, 'audited.yaml');
    writeFileSync(file, text.replace(IMAGE, STATUS_IMAGE));
    const args = ['apply', '--dry-run=server', '--validate=ignore', '-n', namespace, '-f', file];
    const [program, ...rest] = clientCommand(this.clients, 'kubectl', args);
    const ended = await promisify(execFile)(program!, rest).catch(() => undefined);
    return ended?.stderr;
  }

  private async manifests(): Promise<Manifest[]> {
    const folder = join(MANIFESTS, 'corpus');
    const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
    const read = files.map(async (file): Promise<Manifest | undefined> => {
      const text = readFileSync(join(folder, file), 'utf8');
      if (NOT_HERE.test(text)) return undefined;
      const expected = JSON.parse(
        readFileSync(join(folder, file.replace('.yaml', '.expected.json')), 'utf8'),
      );
      const isPlain = (expected.flags ?? []).every((flag: string) =>
        ['--profiles', 'seccomp'].includes(flag),
      );
      const { containers: said, findings } = await this.audit(join(folder, file));
      const isOurs = said.length > 0 && said.every(({ workload }) => KINDS.includes(workload.split('/')[0]!));
      const standards = controlsIn(findings.map(({ message }) => message).join('\n'));
      return isPlain && isOurs ? { name: file.slice(0, -'.yaml'.length), text, said, standards } : undefined;
    });
    return (await Promise.all(read)).flatMap((manifest) => manifest ?? []);
  }

  private async audit(file: string): Promise<Audited> {
    const args = [this.callgate, 'audit', file, '--json', '--profiles', join(MANIFESTS, 'seccomp')];
    // It ends with 1 where it finds something.
    const ended = await promisify(execFile)(process.execPath, args).catch(
      (fault: { stdout: string }) => fault,
    );
    return JSON.parse(ended.stdout);
  }

  /** Makes what the manifests say, each in a namespace of its own, and reads what the containers write. */
  private async modesOf(manifests: readonly Manifest[]): Promise<ReadonlyMap<string, Modes>> {
    for (const manifest of manifests) await this.apply(manifest);
    const modes = new Map<string, Modes>();
    await until('the containers have written', PATIENCE_MS, async () => {
      for (const manifest of manifests) modes.set(manifest.name, await this.written(manifest));
      return manifests.every((manifest) => isWhole(manifest, modes.get(manifest.name)!));
    }).catch(() => {});
    const names = manifests.map(({ name }) => namespaceOf(name));
    await kubectl(this.clients, ['delete', 'namespace', '--wait=false', ...names]);
    return modes;
  }

  /** Where the API server refuses it nothing is made, and that is to be seen. */
  private async apply({ name, text }: Manifest): Promise<void> {
    await kubectl(this.clients, ['create', 'namespace', namespaceOf(name)]);
    const file = join(STATE, 'audited.yaml');
    writeFileSync(file, text.replace(IMAGE, STATUS_IMAGE));
    const args = ['apply', '--validate=ignore', '-n', namespaceOf(name), '-f', file];
    await kubectl(this.clients, args).catch(() => '');
  }

  private async written({ name }: Manifest): Promise<Modes> {
    const namespace = ['-n', namespaceOf(name)];
    const pods = await kubectl(this.clients, ['get', 'pods', ...namespace, '-o', 'name']);
    const found = new Map<string, string>();
    for (const pod of pods.split('\n').filter(Boolean)) {
      const args = ['logs', pod, ...namespace, '--all-containers', '--prefix', '--ignore-errors'];
      const logs = await kubectl(this.clients, args).catch(() => '');
      for (const [, path, mode] of logs.matchAll(/^\[pod\/(\S+)\] Seccomp:\s*(\d)/gm))
        found.set(path!, mode!);
    }
    return found;
  }
}

/** What is said of the seccomp control, in the words of the plugin; kubectl tells a warning once. */
function controlsIn(text: string): string[] {
  return [...new Set([...text.matchAll(/seccompProfile \(([^)]*)\)/g)].map(([, words]) => words!))];
}

function namespaceOf(manifest: string): string {
  return `audited-${manifest.slice(0, 50)}`;
}

function modeOf({ workload, container }: Said, modes: Modes): string | undefined {
  const name = workload.split('/')[1]!;
  const isOf = (path: string) => {
    const [pod, of] = path.split('/');
    return of === container && (pod === name || pod!.startsWith(`${name}-`));
  };
  return [...modes].find(([path]) => isOf(path))?.[1];
}

const MODES: Readonly<Record<string, string>> = { Unconfined: '0', RuntimeDefault: '2', Localhost: '2' };

function isWhole({ said }: Manifest, modes: Modes): boolean {
  return said.every((one) => MODES[one.effective.type] === undefined || modeOf(one, modes) !== undefined);
}

function compare({ name, said }: Manifest, modes: Modes): { faults: string[]; compared: number } {
  const faults = said.flatMap((one) => {
    const mode = modeOf(one, modes);
    const meant = MODES[one.effective.type];
    if (mode === meant) return [];
    const words = mode === undefined ? 'it did not run' : `Seccomp: ${mode}`;
    return [`${name}: ${one.workload} ${one.container} is ${one.effective.type} for audit, and ${words}`];
  });
  return { faults, compared: said.length };
}
