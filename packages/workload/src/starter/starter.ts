import type { CarrierFile } from '../carriers/carrier.ts';
import { manifestText } from './manifest-text.ts';
import { readmeText } from './readme-text.ts';
import { specText } from './spec-text.ts';
import { runtimeOf, type StarterEngine } from './starter-engine.ts';
import { gitHubWorkflow, gitLabWorkflow } from './workflows.ts';

/** Where the workflow runs. */
export const STARTER_SERVICES = ['github', 'gitlab'] as const;
export type StarterService = (typeof STARTER_SERVICES)[number];

/** What somebody begins with. */
export interface StarterPlan {
  /** What the application is called: a DNS label. */
  readonly name: string;
  /** Its image; without it there is one to replace. */
  readonly image?: string;
  readonly engine: StarterEngine;
  readonly ci?: StarterService;
  /** The text of the profile. */
  readonly profile: string;
  /** Whether it was made from a recording; if not, it is a default made strict. */
  readonly isRecorded: boolean;
  /** For Kubernetes: what puts the profile on every node, as `convert --to daemonset` writes it, and how pods name it there. */
  readonly onNodes?: { readonly manifest: string; readonly localhostProfile: string };
}

/** An image that nobody has, so that it is seen that it is to be replaced. */
const SOME_IMAGE = 'registry.example.com/team/app:1.0';

/** Every file of the beginning, those that others name first. */
export function starterFiles(given: StarterPlan): CarrierFile[] {
  const plan = { ...given, image: given.image ?? SOME_IMAGE };
  const { name, engine, ci, profile, onNodes } = plan;
  return [
    { path: `profiles/${name}.json`, content: profile },
    { path: `tests/seccomp/${name}.yaml`, content: specText(plan) },
    { path: 'callgate.config.yaml', content: configText(engine) },
    ...(onNodes
      ? [
          { path: `k8s/${name}-seccomp.yaml`, content: onNodes.manifest },
          { path: `k8s/${name}.yaml`, content: manifestText({ ...plan, ...onNodes }) },
        ]
      : []),
    ...(ci === 'github'
      ? [{ path: '.github/workflows/seccomp.yml', content: gitHubWorkflow(runtimeOf(engine)) }]
      : []),
    ...(ci === 'gitlab' ? [{ path: '.gitlab-ci.yml', content: gitLabWorkflow() }] : []),
    { path: 'profiles/README.md', content: readmeText(plan) },
  ];
}

function configText(engine: StarterEngine): string {
  return `# What callgate lint and callgate gate want of the profiles here.
targets:
  - runtime: ${runtimeOf(engine)}
failOn: low
budgets: # what no profile may ever let pass, however it is written
  - never: [bpf, kexec_load, init_module, finit_module, mount, ptrace, open_by_handle_at]
    reason: no application needs these
`;
}
