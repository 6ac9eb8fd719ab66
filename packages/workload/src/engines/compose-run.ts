import { quote, type Tree } from '@callgate/engine/internal/source/tree';
import { entriesAt, itemsAt, stringAt, valueAt } from '../documents/lookup.ts';
import { commandWords } from './command-words.ts';
import type { RunCommand, RunOption } from './run-command.ts';

/** A service as "docker run" would start it alone. */
export interface ComposeRun extends RunCommand {
  /** What its healthcheck runs in the container, where it has one. */
  readonly health?: readonly [string, ...string[]];
  /** Keys of the service that are not taken over, such as depends_on. */
  readonly leftOut: readonly string[];
}

/** Where a compose file stands, and what it may ask its surroundings for. */
export interface ComposeSite {
  /** The folder that relative paths start from; absolute. */
  readonly folder: string;
  /** Values of ${NAME}. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Keys with one value that have an option of their own. */
const SINGLE: Readonly<Record<string, string>> = {
  cgroup_parent: '--cgroup-parent',
  cpus: '--cpus',
  cpuset: '--cpuset-cpus',
  domainname: '--domainname',
  hostname: '--hostname',
  ipc: '--ipc',
  mem_limit: '--memory',
  network_mode: '--network',
  oom_score_adj: '--oom-score-adj',
  pid: '--pid',
  pids_limit: '--pids-limit',
  platform: '--platform',
  runtime: '--runtime',
  shm_size: '--shm-size',
  stop_signal: '--stop-signal',
  user: '--user',
  userns_mode: '--userns',
  working_dir: '--workdir',
};
/** Keys with a list, an option for each item. */
const LISTS: Readonly<Record<string, string>> = {
  cap_add: '--cap-add',
  cap_drop: '--cap-drop',
  devices: '--device',
  dns: '--dns',
  dns_search: '--dns-search',
  expose: '--expose',
  extra_hosts: '--add-host',
  group_add: '--group-add',
  ports: '--publish',
  security_opt: '--security-opt',
  tmpfs: '--tmpfs',
};
/** Keys with names and values, as a map or as a list of NAME=VALUE. */
const MAPS: Readonly<Record<string, string>> = {
  environment: '--env',
  labels: '--label',
  sysctls: '--sysctl',
};
const FLAGS: Readonly<Record<string, string>> = {
  init: '--init',
  privileged: '--privileged',
  read_only: '--read-only',
};
/** Without any meaning for one container alone, or read elsewhere. */
const SILENT: readonly string[] = [
  'image',
  'command',
  'entrypoint',
  'volumes',
  'healthcheck',
  'env_file',
  'container_name',
  'restart',
  'stdin_open',
  'tty',
];

/** Reads a service of a compose file as one container; or says why it is none. */
export function composeRun(
  file: Tree,
  service: string,
  site: ComposeSite,
):
  | { readonly value: ComposeRun; readonly fault?: undefined }
  | { readonly value?: undefined; readonly fault: string } {
  const tree = valueAt(file, 'services', service);
  if (tree?.kind !== 'object') {
    const known = entriesAt(file, 'services').map(({ key }) => quote(key));
    return {
      fault: `there is no service ${quote(service)}; there is ${known.slice(0, 20).join(', ') || 'none'}`,
    };
  }
  const reader = new ServiceReader(site);
  const image = stringAt(tree, 'image');
  if (image === undefined)
    return { fault: `the service ${quote(service)} names no image; build one and name it` };
  const options = tree.entries.flatMap(({ key, value }) => reader.options(key, value));
  const [entry, ...rest] = reader.words(valueAt(tree, 'entrypoint')) ?? [];
  const command = reader.words(valueAt(tree, 'command')) ?? [];
  const health = healthOf(itemsAt(tree, 'healthcheck', 'test'), stringAt(tree, 'healthcheck', 'test'));
  return {
    value: {
      image: reader.text(image),
      options: entry === undefined ? options : [...options, { name: '--entrypoint', value: entry }],
      command: [...rest, ...command],
      ...(health && { health }),
      leftOut: reader.leftOut,
    },
  };
}

class ServiceReader {
  readonly leftOut: string[] = [];
  private readonly site: ComposeSite;

  constructor(site: ComposeSite) {
    this.site = site;
  }

  options(key: string, value: Tree): RunOption[] {
    if (value.kind === 'null' || SILENT.includes(key))
      return key === 'volumes' || key === 'env_file' ? this.files(key, value) : [];
    if (Object.hasOwn(SINGLE, key)) return this.each(SINGLE[key], [value], key);
    if (Object.hasOwn(LISTS, key))
      return this.each(LISTS[key], value.kind === 'array' ? value.items : [value], key);
    if (Object.hasOwn(MAPS, key)) return this.named(MAPS[key], value, key);
    if (Object.hasOwn(FLAGS, key)) return scalar(value) === 'true' ? [{ name: FLAGS[key] }] : [];
    this.leftOut.push(key);
    return [];
  }

  /** A command as a list, or as a text that is split. */
  words(tree: Tree | undefined): string[] | undefined {
    if (tree?.kind === 'string') return commandWords(this.text(tree.value));
    return tree?.kind === 'array'
      ? tree.items.flatMap((item) => (scalar(item) === undefined ? [] : [this.text(scalar(item)!)]))
      : undefined;
  }

  /** With $NAME, ${NAME}, ${NAME:-default} and ${NAME-default} replaced, and $$ for a dollar. */
  text(text: string): string {
    return text.replace(VARIABLE, (_, dollar, plain, name, operator, otherwise) => {
      if (dollar) return '$';
      const value = this.site.environment[plain ?? name];
      const isUnset = value === undefined || (operator === ':-' && value === '');
      return isUnset ? (otherwise ?? '') : value;
    });
  }

  private each(name: string, items: readonly Tree[], key: string): RunOption[] {
    return items.flatMap((item) => {
      const text = scalar(item);
      if (text === undefined) this.leftOut.push(`${key} in its long form`);
      return text === undefined ? [] : [{ name, value: this.text(text) }];
    });
  }

  private named(name: string, value: Tree, key: string): RunOption[] {
    if (value.kind !== 'object') return this.each(name, value.kind === 'array' ? value.items : [value], key);
    return value.entries.map((entry) => {
      const text = scalar(entry.value);
      return { name, value: text === undefined ? entry.key : `${entry.key}=${this.text(text)}` };
    });
  }

  private files(key: string, value: Tree): RunOption[] {
    const items = value.kind === 'array' ? value.items : value.kind === 'string' ? [value] : [];
    return items.flatMap((item): RunOption[] => {
      const text = scalar(item);
      if (text === undefined) {
        this.leftOut.push(`${key} in its long form`);
        return [];
      }
      const path = this.text(text);
      if (key === 'env_file') return [{ name: '--env-file', value: this.absolute(path) }];
      const [from, ...to] = path.split(':');
      if (to.length === 0) return [{ name: '--volume', value: path }];
      if (/^[./~]/.test(from)) return [{ name: '--volume', value: [this.absolute(from), ...to].join(':') }];
      // What a trial writes is no business of the volume that is in use.
      this.leftOut.push(`the volume ${quote(from)} (an empty one is there instead)`);
      return [{ name: '--volume', value: to[0] }];
    });
  }

  private absolute(path: string): string {
    const home = this.site.environment.HOME ?? '~';
    if (path.startsWith('~')) return home + path.slice(1);
    return path.startsWith('/') ? path : `${this.site.folder}/${path.replace(/^\.\//, '')}`;
  }
}

const VARIABLE = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?-)([^}$]{0,500}))?\})/g;

function scalar(tree: Tree): string | undefined {
  switch (tree.kind) {
    case 'string':
      return tree.value;
    case 'number':
      return tree.text;
    case 'boolean':
      return String(tree.value);
    default:
      return undefined;
  }
}

function healthOf(
  items: readonly Tree[],
  text: string | undefined,
): readonly [string, ...string[]] | undefined {
  if (text !== undefined) return ['/bin/sh', '-c', text];
  const [kind, first, ...rest] = items.map((item) => scalar(item) ?? '');
  if (first === undefined) return undefined;
  if (kind === 'CMD-SHELL') return ['/bin/sh', '-c', first];
  return kind === 'CMD' ? [first, ...rest] : undefined;
}
