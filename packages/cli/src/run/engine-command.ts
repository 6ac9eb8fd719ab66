import { basename } from 'node:path';

/** Programs that ask somebody else to start a container, and by which words. */
const ENGINES: Readonly<Record<string, RegExp>> = {
  docker: /^(run|start|exec|create|restart|compose)$/,
  podman: /^(run|start|exec|create|restart|play|kube)$/,
  nerdctl: /^(run|start|exec|create|restart|compose)$/,
  ctr: /^(run|task|tasks|t|c|container|containers)$/,
  crictl: /^(run|runp|start|exec|create)$/,
  kubectl: /^(run|exec|create|apply|debug)$/,
  'docker-compose': /^(run|start|exec|create|restart|up)$/,
};
/** Programs that become another one. */
const WRAPPERS = new Set(['sudo', 'env', 'nice', 'nohup', 'time', 'doas']);

/** The verbs that would look at the engine's client instead of the container. */
export type EngineBlindVerb = 'record' | 'run' | 'shrink' | 'tour';

/**
 * What to do instead of giving a verb a command that only asks an engine, such as "docker run …": the container is no child
 * of it, so its calls would not be seen and no filter would reach it. Undefined for other commands.
 */
export function insteadOfEngine(command: readonly string[], verb: EngineBlindVerb): string | undefined {
  const words = command.slice(command.findIndex((word) => !isWrapping(word)));
  const engine = basename(words[0]);
  const action = words.slice(1).find((word) => !word.startsWith('-'));
  if (!Object.hasOwn(ENGINES, engine) || !ENGINES[engine].test(action ?? '')) return undefined;
  return `${engine} ${action} only asks an engine for the container, which is no child of ${engine}; ${way(engine, verb)}`;
}

function isWrapping(word: string): boolean {
  return WRAPPERS.has(basename(word)) || word.startsWith('-') || /^\w+=/.test(word);
}

function way(engine: string, verb: EngineBlindVerb): string {
  const option = engine === 'docker' || engine === 'podman' || engine === 'nerdctl';
  switch (verb) {
    case 'record':
    case 'tour':
      return engine === 'kubectl'
        ? 'record on its node: callgate record --container NAME --wait'
        : `start this first, and then it: callgate record --container NAME --wait`;
    case 'run':
      return option
        ? `write: ${engine} run --security-opt seccomp=PROFILE …`
        : 'give the engine the profile instead';
    case 'shrink':
      return 'try the program itself, outside of a container, or inside of one';
  }
}
