import { basename } from 'node:path';
import { innermostAt, scriptedCommands } from './wrapped-command.ts';

/** A program that asks somebody else to start a container. */
interface Client {
  /** The words by which it does. */
  readonly actions: RegExp;
  /** Its options before them that take the next word. */
  readonly valued: readonly string[];
}

const words = (text: string): string[] => text.split(' ');
const KUBECTL: Client = {
  actions: /^(run|exec|create|apply|debug|replace|scale|rollout)$/,
  valued: words(
    '-n -s --as --as-group --as-uid --cache-dir --certificate-authority --client-certificate --client-key --cluster --context --kubeconfig --namespace --password --profile --request-timeout --server --tls-server-name --token --user --username -v --v',
  ),
};
const COMPOSE: Client = {
  actions: /^(run|start|exec|create|restart|up|watch)$/,
  valued: words(
    '-c -f -H -p --ansi --env-file --file --host --parallel --profile --project-directory --project-name',
  ),
};
const CLIENTS: Readonly<Record<string, Client>> = {
  docker: {
    actions: /^(run|start|exec|create|restart|compose|build|buildx|stack|service)$/,
    valued: words('-c -H -l --config --context --host --log-level --tlscacert --tlscert --tlskey'),
  },
  podman: {
    actions: /^(run|start|exec|create|restart|play|kube|build|compose)$/,
    valued: words(
      '-c --cdi-spec-dir --cgroup-manager --conmon --connection --events-backend --hooks-dir --identity --imagestore --log-level --module --namespace --network-cmd-path --network-config-dir --out --root --runroot --runtime --runtime-flag --ssh --storage-driver --storage-opt --tmpdir --url --volumepath',
    ),
  },
  nerdctl: {
    actions: /^(run|start|exec|create|restart|compose|build)$/,
    valued: words(
      '-a -H -n --address --cgroup-manager --cni-netconfpath --cni-path --data-root --host --host-gateway-ip --hosts-dir --namespace --snapshotter --storage-driver',
    ),
  },
  ctr: {
    actions: /^(run|task|tasks|t|c|container|containers)$/,
    valued: words('-a -n --address --connect-timeout --namespace --timeout'),
  },
  crictl: {
    actions: /^(run|runp|start|exec|create)$/,
    valued: words('-c -i -r -t --config --image-endpoint --runtime-endpoint --timeout'),
  },
  kubectl: KUBECTL,
  oc: KUBECTL,
  'docker-compose': COMPOSE,
  'podman-compose': COMPOSE,
};
const ALIASES: Readonly<Record<string, string>> = { 'podman-remote': 'podman' };
/** What groups others: docker container run, docker image build. */
const GROUPS: readonly string[] = ['container', 'image', 'builder'];

/** The verbs that would look at the engine's client instead of the container. */
export type EngineBlindVerb = 'record' | 'run' | 'shrink' | 'tour';

/** A command that only asks an engine, as "sudo docker -H … run …" does. */
export interface EngineCommand {
  /** docker, podman, kubectl, …. */
  readonly engine: string;
  /** run, exec, compose, …. */
  readonly action: string;
  /** Where the action stands, and where the engine does; undefined where both are words of a shell's script. */
  readonly at?: { readonly engine: number; readonly action: number };
}

/** Which engine a command asks, and for what; undefined for every other command. */
export function engineCommand(command: readonly string[]): EngineCommand | undefined {
  const at = innermostAt(command);
  const direct = clientCommand(command, at);
  if (direct) return direct;
  for (const scripted of scriptedCommands(command.slice(at))) {
    const found = clientCommand(scripted, innermostAt(scripted));
    if (found) return { engine: found.engine, action: found.action };
  }
  return undefined;
}

function clientCommand(command: readonly string[], engineAt: number): EngineCommand | undefined {
  const called = basename(command[engineAt] ?? '');
  const engine = Object.hasOwn(ALIASES, called) ? ALIASES[called] : called;
  if (!Object.hasOwn(CLIENTS, engine)) return undefined;
  const { actions, valued } = CLIENTS[engine];
  let actionAt = wordAt(command, engineAt + 1, valued);
  if (GROUPS.includes(command[actionAt]) && !actions.test(command[actionAt]))
    actionAt = wordAt(command, actionAt + 1, []);
  const action = command[actionAt];
  return actions.test(action ?? '')
    ? { engine, action, at: { engine: engineAt, action: actionAt } }
    : undefined;
}

/** The first word that is neither an option nor the value of one. */
function wordAt(command: readonly string[], from: number, valued: readonly string[]): number {
  let at = from;
  while (at < command.length && command[at].startsWith('-')) at += valued.includes(command[at]) ? 2 : 1;
  return at;
}

/**
 * What to do instead of giving a verb a command that only asks an engine, such as "docker run …": the container is no child
 * of it, so its calls would not be seen and no filter would reach it.
 */
export function insteadOf({ engine, action }: EngineCommand, verb: EngineBlindVerb): string {
  const what = verb === 'record' ? 'be recorded' : 'be confined';
  return `${engine} ${action} only asks an engine for the container, which is no child of ${engine}: ${engine} itself would ${what}; ${way(engine, verb)}`;
}

function way(engine: string, verb: EngineBlindVerb): string {
  const option = engine === 'docker' || engine === 'podman' || engine === 'nerdctl';
  switch (verb) {
    case 'record':
    case 'tour':
      if (engine === 'kubectl' || engine === 'oc')
        return 'record on its node: callgate record --container NAME --wait';
      return `start this first, and then it: callgate record --container NAME --wait`;
    case 'run':
      return option
        ? `write: ${engine} run --security-opt seccomp=PROFILE …`
        : engine === 'docker-compose' || engine === 'podman-compose'
          ? 'write security_opt: ["seccomp:PROFILE"] into the service: callgate secure does'
          : engine === 'kubectl' || engine === 'oc'
            ? 'name the profile in the pod instead: callgate secure does'
            : 'give the engine the profile instead';
    case 'shrink':
      return engine === 'docker' || engine === 'podman'
        ? `write: callgate try -- ${engine} run …`
        : 'try the program itself, outside of a container, or inside of one';
  }
}
