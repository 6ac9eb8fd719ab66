/** For which the files are. */
export const STARTER_ENGINES = ['docker', 'kubernetes'] as const;
export type StarterEngine = (typeof STARTER_ENGINES)[number];

/** The runtime that reads the profile: of Kubernetes that of most nodes. */
export function runtimeOf(engine: StarterEngine): 'docker' | 'containerd' {
  return engine === 'docker' ? 'docker' : 'containerd';
}
