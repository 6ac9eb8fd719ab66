import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { Judged } from '@callgate/engine/internal/lint/judged';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { textMeaning } from '@callgate/engine/internal/policy/text-meaning';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { predictExecution, predictStart } from '@callgate/engine/internal/report/start-prediction';
import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { STOCK_NAMES } from '@callgate/engine/internal/stock/stock-profiles';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import type { ContainerHostName, SeccompChoice } from '@callgate/linux/internal/container/container-host';
import { ociRuntimeOf } from '@callgate/linux/internal/container/hosts/oci-runtime';
import { CliFailure, type Context } from '../context.ts';
import { targetOf } from '../flags/target-flags.ts';
import { compileSubject } from './compile-subject.ts';
import { stockOf } from './stock.ts';
import { loadSubject } from './subject.ts';

/** A profile as an engine is given it, and what it means there. */
export interface TestedProfile {
  readonly seccomp: SeccompChoice;
  /** The filter, for programs of this machine. */
  filter(): Program;
  meaning(capabilities: readonly string[] | undefined): Policy;
  defaultOf(runtime: string, capabilities: readonly string[] | undefined): Policy;
  readonly predicted?: string;
}

/** Who reads a profile before it comes to a runtime; where nobody does, callgate reads it in its own form. */
const READERS = {
  host: undefined,
  docker: 'docker',
  podman: 'podman',
  containerd: undefined,
  runc: undefined,
  crun: undefined,
} as const satisfies Readonly<Record<ContainerHostName, string | undefined>>;

/** Capabilities that Docker gives to a container; they are told anew from the one that has started. */
const USUAL_CAPABILITIES =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);

/** Reads a profile for the engine that is to start something under it. */
export async function testedProfile(
  context: Context,
  name: string,
  engine: ContainerHostName,
  { allowUnknown, noNewPrivs }: { readonly allowUnknown?: boolean; readonly noNewPrivs: boolean },
): Promise<TestedProfile> {
  const reader = READERS[engine];
  const capabilities = engine === 'host' ? [] : USUAL_CAPABILITIES;
  const target = { ...targetOf({}), capabilities, ...(reader && { runtime: { name: reader } }) };
  const subject = await loadSubject(context, name, target, { allowUnknown, quiet: true });
  const isNone = subject.stock?.name === 'none';
  const predicted = await prediction(engine, subject, noNewPrivs);
  return {
    seccomp: isNone ? { kind: 'unconfined' } : { kind: 'profile', text: textFor(engine, subject) },
    filter: () => compileSubject(subject),
    meaning: (having = capabilities) => meaningOf(subject, { ...target, capabilities: having }),
    defaultOf: await defaults(target),
    ...(predicted !== undefined && { predicted }),
  };
}

/** What the defaults of runtimes mean to containers. */
export async function defaults(target: Target): Promise<TestedProfile['defaultOf']> {
  const texts = new Map<string, string>();
  for (const name of STOCK_NAMES) texts.set(name, await stockOf(name).text());
  return (name, capabilities = target.capabilities) => {
    const inContainer = { ...target, capabilities, runtime: undefined };
    const meaning = textMeaning({ name: `stock:${name}`, text: texts.get(name)!, target: inContainer });
    if (meaning.kind === 'faulty') throw new CliFailure(meaning.diagnostics[0].message);
    return meaning.policy;
  };
}

/** Engines take profiles in Docker's form, runtimes in that of OCI; this machine takes the filter. */
function textFor(engine: ContainerHostName, { source, target, name }: Subject): string {
  if (engine === 'host') return '';
  if (!source)
    throw new CliFailure(
      `${name} is a filter, and ${engine} takes a profile: callgate decompile makes one; --engine host takes filters`,
    );
  const isEngine = engine === 'docker' || engine === 'podman';
  return stringifyProfile(isEngine ? source.profile : ociForm(source.profile, target));
}

function meaningOf({ source, policy }: Subject, target: Target): Policy {
  return (source && lowerProfile(source.profile, target).value) ?? policy;
}

async function prediction(
  engine: ContainerHostName,
  { source, target, policy }: Subject,
  noNewPrivs: boolean,
): Promise<string | undefined> {
  if (!source) return undefined;
  const judged = new Judged(source.profile, target, policy, []);
  if (engine === 'host') return predictExecution(judged);
  const runtime = await ociRuntimeOf(engine);
  return runtime && predictStart(judged, runtime, noNewPrivs);
}
