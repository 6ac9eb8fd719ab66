import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CLUSTER_AREAS, type ClusterArea, type Finding } from '../contract/finding.ts';
import { AuditedManifests } from './audited.ts';
import { inNetworkOf, onNode } from './namespaces.ts';
import { NODES, nodeCalled, STATE } from './places.ts';
import { deletePods, type PodPlan, type RunningPod, startPods } from './pods.ts';
import { localhostFile, plans, TYPES } from './seccomp-kinds.ts';

const RECORDED_FOR = '3s';
const CALLS = ['execve', 'getdents64', 'clock_nanosleep'];

/** What callgate makes of pods, on the nodes that run them. */
export class ClusterContract {
  private readonly clients: string;
  private readonly callgate: string;
  private readonly folder = join(STATE, 'contract');
  private readonly faults: Record<ClusterArea, string[]> = {
    recorded: [],
    verified: [],
    'told apart': [],
    audited: [],
    asked: [],
  };

  /** @param callgate callgate.js of the installed package. */
  constructor(clients: string, callgate: string) {
    this.clients = clients;
    this.callgate = callgate;
  }

  async findings(): Promise<readonly Finding[]> {
    mkdirSync(this.folder, { recursive: true });
    const open = await startPods(this.clients, [...plans('unconfined'), ...plans('default')]);
    for (const pod of open.filter(({ seccomp }) => seccomp.type === TYPES.unconfined))
      await this.writeProfile(pod);
    const closed = await startPods(this.clients, plans('localhost'));
    const pods = [...open, ...closed];
    for (const pod of pods) {
      await this.look('recorded', pod, () => this.recording(pod));
      await this.look('verified', pod, () => this.verification(pod));
      await this.look('told apart', pod, () => this.confusion(pod, pods));
    }
    this.faults.asked.push(...(await this.apiFaults()));
    await deletePods(this.clients, pods);
    const audited = await new AuditedManifests(this.clients, this.callgate).faults();
    this.faults.audited.push(...audited.faults);
    return CLUSTER_AREAS.map((area): Finding => {
      const faults = this.faults[area];
      return faults.length > 0
        ? { area, is: 'wrong', detail: faults.join('; ') }
        : {
            area,
            is: 'right',
            detail: area === 'audited' ? `${audited.compared} containers` : `${pods.length} pods`,
          };
    });
  }

  /** Has the node's Localhost profile for a runtime made of what the pod without any does. */
  private async writeProfile(pod: RunningPod): Promise<void> {
    const file = localhostFile(pod);
    mkdirSync(dirname(file), { recursive: true });
    const recorded = ['--pid', `${pod.pid}`, '--duration', RECORDED_FOR];
    const { status, said } = await this.run(pod, 'record', ...recorded, '-p', file, '--runtime', pod.runtime);
    if (status !== 0) throw new Error(`no profile for ${pod.name}: ${said}`);
  }

  /** What is wrong when its container is recorded; undefined when nothing is. */
  private async recording(pod: RunningPod): Promise<string | undefined> {
    const file = join(this.folder, `${pod.name}.json`);
    const container = ['--container', `containerd:${pod.id}`, '--duration', RECORDED_FOR];
    const { status, said } = await this.run(pod, 'record', ...container, '-o', file);
    if (status !== 0) return said;
    const { observations, lost } = JSON.parse(readFileSync(file, 'utf8'));
    const seen = (observations as { name: string }[]).map(({ name }) => name);
    const missing = CALLS.filter((name) => !seen.includes(name));
    return missing.length > 0 || lost > 0 ? `misses ${missing.join(' ')}, ${lost} lost` : undefined;
  }

  /** What is wrong with the filter that the pod's process has. */
  private async verification(pod: RunningPod): Promise<string | undefined> {
    if (pod.seccomp.type === TYPES.unconfined) {
      const { said } = await this.run(pod, 'show', `pid:${pod.pid}`);
      return said.includes('every call of every ABI passes') ? undefined : said;
    }
    const meant = pod.seccomp.type === TYPES.localhost ? localhostFile(pod) : await this.specification(pod);
    const against = ['--runtime', pod.runtime, '--against', `pid:${pod.pid}`];
    const { status, said } = await this.run(pod, 'verify', meant, ...against);
    return status === 0 ? undefined : said;
  }

  /** Pods of other kinds whose filters are taken for the same. */
  private async confusion(pod: RunningPod, pods: readonly RunningPod[]): Promise<string | undefined> {
    const others = pods.filter(
      (p) => p.node === pod.node && p.runtime === pod.runtime && p.seccomp.type !== pod.seccomp.type,
    );
    for (const other of others) {
      const { status, said } = await this.run(pod, 'diff', `pid:${pod.pid}`, `pid:${other.pid}`);
      if (status !== 1) return `and ${other.name}: ${said}`;
    }
    return undefined;
  }

  /** What the node's containerd has asked the runtime for, in a file. */
  private async specification(pod: RunningPod): Promise<string> {
    const file = join(this.folder, `${pod.name}-config.json`);
    const { said } = await ended(
      onNode(nodeCalled(pod.node), ['ctr', '-n', 'k8s.io', 'containers', 'info', pod.id]),
    );
    writeFileSync(file, JSON.stringify(JSON.parse(said).Spec));
    return file;
  }

  /** What is wrong with what callgate's own client sees of the API, from the network of a node. */
  private async apiFaults(): Promise<readonly string[]> {
    const program = join(import.meta.dirname, 'api-client.ts');
    // As this program runs itself: TypeScript, and packages from their sources.
    const command = [process.execPath, ...process.execArgv, program, this.clients];
    const { status, said } = await ended(inNetworkOf(NODES[0], command));
    return status === 0 ? JSON.parse(said) : [said];
  }

  private async look(
    area: ClusterArea,
    pod: PodPlan,
    fault: () => Promise<string | undefined>,
  ): Promise<void> {
    const detail = await fault();
    if (detail !== undefined) this.faults[area].push(`${pod.name}: ${detail}`);
  }

  private run(pod: PodPlan, ...args: string[]): Promise<Ended> {
    return ended(onNode(nodeCalled(pod.node), [process.execPath, this.callgate, ...args]));
  }
}

interface Ended {
  readonly status: number;
  /** What it printed, or the first line of what was wrong. */
  readonly said: string;
}

async function ended([program, ...args]: readonly string[]): Promise<Ended> {
  try {
    const { stdout } = await promisify(execFile)(program!, args);
    return { status: 0, said: stdout };
  } catch (fault) {
    const { code, stdout, stderr } = fault as { code: number; stdout: string; stderr: string };
    return { status: code, said: `${stderr}${stdout}`.trim().split('\n')[0]! };
  }
}
