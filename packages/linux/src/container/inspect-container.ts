import { readFileSync } from 'node:fs';
import { CAPABILITIES } from '@callgate/engine/internal/profile/capabilities';
import { askProgram, faultIn } from './ask-program.ts';
import { NoSuchContainer, TELLING_ENGINES, type TellingEngine } from './container-engine.ts';

/** Under which profile an engine has started a container. */
export type ContainerProfile =
  | { readonly kind: 'default' }
  | { readonly kind: 'unconfined' }
  /** Its text, and the file that it came from, where the engine tells. */
  | { readonly kind: 'text'; readonly text: string; readonly file?: string };

/** What an engine knows of a container, whether it lives or has ended. */
export interface InspectedContainer {
  readonly engine: TellingEngine;
  readonly id: string;
  readonly name: string;
  /** Its first process on this machine, while it lives. */
  readonly pid?: number;
  readonly isRunning: boolean;
  readonly exitCode: number;
  readonly wasOutOfMemory: boolean;
  /** What the engine says of why it did not start; empty where it did. */
  readonly error: string;
  /** Milliseconds since 1970; undefined where it has not. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly profile: ContainerProfile;
  readonly isPrivileged: boolean;
  readonly isReadOnly: boolean;
  readonly noNewPrivs: boolean;
  /** The bounding set, as CAP_* names. */
  readonly capabilities: readonly string[];
  readonly appArmor?: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The engine's release, such as 28.5.2. */
  readonly release?: string;
}

const REFERENCE = /^(?:(docker|podman):)?([\w][\w.-]*)$/;
/** What Docker, Podman and containerd give by default. */
const USUAL =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'.split(
    ' ',
  );

/** What the engine that knows it says of a container; throws NoSuchContainer. */
export async function inspectContainer(reference: string): Promise<InspectedContainer> {
  const [, engine, name] = REFERENCE.exec(reference) ?? [];
  if (name === undefined) throw new NoSuchContainer(`"${reference}" is no container's name`);
  const faults: string[] = [];
  for (const one of TELLING_ENGINES.filter((e) => engine === undefined || e === engine))
    try {
      return await inspected(one, name);
    } catch (fault) {
      if (!(fault instanceof NoSuchContainer)) throw fault;
      faults.push(fault.message);
    }
  throw new NoSuchContainer(faults.join('; '));
}

/** What a container has written last, both streams; empty where its engine does not keep it. Latin1. */
export async function containerOutput({ engine, id }: InspectedContainer, lines: number): Promise<string> {
  const said = await askProgram(engine, ['logs', '--tail', String(lines), id], 'latin1');
  return said?.status === 0 ? `${said.stdout}\n${said.stderr}` : '';
}

async function inspected(engine: TellingEngine, name: string): Promise<InspectedContainer> {
  const [found] = await inspectJson(engine, name);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const state = record(found?.State);
  const host = record(found?.HostConfig);
  const options = list(host.SecurityOpt).map(text);
  const isPrivileged = host.Privileged === true;
  const pid = Number(state.Pid);
  const path = [text(found?.Path), ...list(found?.Args).map(text)];
  const config = engine === 'podman' ? ociConfig(text(found?.OCIConfigPath)) : undefined;
  const release = await engineRelease(engine);
  const [startedAt, finishedAt] = [state.StartedAt, state.FinishedAt].map((at) => timeOf(text(at)));
  return {
    engine,
    id: text(found?.Id),
    name: text(found?.Name).replace(/^\//, ''),
    ...(pid > 0 && { pid }),
    isRunning: state.Running === true,
    exitCode: Number(state.ExitCode ?? 0),
    wasOutOfMemory: state.OOMKilled === true,
    error: text(state.Error),
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && !state.Running && { finishedAt }),
    profile: profileOf(options, isPrivileged, config),
    isPrivileged,
    isReadOnly: host.ReadonlyRootfs === true,
    noNewPrivs: options.some((option) => /^no-new-privileges(?:[:=]true)?$/.test(option)),
    capabilities: isPrivileged ? CAPABILITIES : capabilitiesOf(list(host.CapAdd), list(host.CapDrop)),
    ...(text(found?.AppArmorProfile) !== '' && { appArmor: text(found?.AppArmorProfile) }),
    command: path.filter((word) => word !== ''),
    ...(release !== undefined && { release }),
  };
}

type Json = Readonly<Record<string, unknown>>;

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

async function inspectJson(engine: TellingEngine, name: string): Promise<Json[]> {
  const said = await askProgram(engine, ['inspect', '--type', 'container', name]);
  if (!said) throw new NoSuchContainer(`${engine} is not installed`);
  try {
    if (said.status === 0) return list(JSON.parse(said.stdout)).map(record);
  } catch {}
  throw new NoSuchContainer(`${engine} knows no container ${name}: ${faultIn(said)}`);
}

async function engineRelease(engine: TellingEngine): Promise<string | undefined> {
  const format = engine === 'docker' ? '{{.Server.Version}}' : '{{.Client.Version}}';
  const said = await askProgram(engine, ['version', '--format', format]);
  return said?.status === 0 ? /^\d+\.\d+(?:\.\d+)?/.exec(said.stdout)?.[0] : undefined;
}

/** Docker keeps the text of the profile itself, Podman the name of its file. */
function profileOf(
  options: readonly string[],
  isPrivileged: boolean,
  config: Json | undefined,
): ContainerProfile {
  const option = options.find((one) => /^seccomp[:=]/.test(one))?.slice('seccomp='.length);
  if (option === undefined || option === 'builtin')
    return isPrivileged ? { kind: 'unconfined' } : { kind: 'default' };
  if (option === 'unconfined') return { kind: 'unconfined' };
  if (/^\s*\{/.test(option)) return { kind: 'text', text: indented(option) };
  // What is no whole path, is one from a folder that nobody has written down.
  const text = option.startsWith('/') ? textOf(option) : undefined;
  if (text !== undefined) return { kind: 'text', text, file: option };
  const installed = record(config?.linux).seccomp;
  return installed ? { kind: 'text', text: indented(JSON.stringify(installed)) } : { kind: 'default' };
}

/** Engines keep a profile on one line; people read it on many. */
function indented(json: string): string {
  try {
    return `${JSON.stringify(JSON.parse(json), null, 2)}\n`;
  } catch {
    return json;
  }
}

function ociConfig(path: string): Json | undefined {
  const text = path === '' ? undefined : textOf(path);
  if (text === undefined) return undefined;
  try {
    return record(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function capabilitiesOf(added: readonly unknown[], dropped: readonly unknown[]): string[] {
  const bare = (all: readonly unknown[]) =>
    all.filter((name) => typeof name === 'string').map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  const [plus, minus] = [bare(added), bare(dropped)];
  return CAPABILITIES.filter((name) => {
    const one = name.slice('CAP_'.length);
    if (plus.includes(one)) return true;
    if (minus.includes(one) || minus.includes('ALL')) return false;
    return plus.includes('ALL') || USUAL.includes(one);
  });
}

/** Of a container that was never started, or has not ended, engines write the first second of the year 1. */
function timeOf(text: string): number | undefined {
  const time = Date.parse(text);
  return time > 0 ? time : undefined;
}
