import { quote } from '@callgate/engine/internal/source/tree';

/** The engines whose "run" is understood. */
export type RunEngine = 'docker' | 'podman';

/** One option of an engine's "run". */
export interface RunOption {
  /** Long where it has a long name, with its dashes: --publish for -p. */
  readonly name: string;
  /** Undefined for one that takes none. */
  readonly value?: string;
}

/** What stands behind "docker run" or "podman run". */
export interface RunCommand {
  readonly options: readonly RunOption[];
  readonly image: string;
  /** What the container runs instead of the image's command. */
  readonly command: readonly string[];
}

/** Options that take a value, and those that take none; of Docker up to 29 and Podman up to 5.8. */
const VALUED = names(
  '--add-host --annotation --attach --blkio-weight --blkio-weight-device --cap-add --cap-drop --cgroup-parent --cgroupns --cidfile --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime --cpu-shares --cpus --cpuset-cpus --cpuset-mems --detach-keys --device --device-cgroup-rule --device-read-bps --device-read-iops --device-write-bps --device-write-iops --dns --dns-option --dns-search --entrypoint --env --env-file --expose --gpus --group-add --health-cmd --health-interval --health-retries --health-start-period --health-timeout --hostname --ip --ip6 --ipc --label --label-file --log-driver --log-opt --mac-address --memory --memory-reservation --memory-swap --memory-swappiness --mount --name --network --net --network-alias --net-alias --oom-score-adj --pid --pids-limit --platform --publish --pull --restart --runtime --security-opt --shm-size --stop-signal --stop-timeout --storage-opt --sysctl --tmpfs --ulimit --user --userns --uts --volume --volumes-from --workdir',
);
const FLAGS = names(
  '--detach --disable-content-trust --init --interactive --no-healthcheck --oom-kill-disable --privileged --publish-all --quiet --read-only --rm --sig-proxy --tty',
);
const OWN: Readonly<
  Record<RunEngine, { readonly valued: ReadonlySet<string>; readonly flags: ReadonlySet<string> }>
> = {
  docker: {
    valued: names(
      '--cpu-count --cpu-percent --domainname --health-start-interval --io-maxbandwidth --io-maxiops --isolation --kernel-memory --link --link-local-ip --volume-driver --dns-opt',
    ),
    flags: names('--use-api-socket'),
  },
  podman: {
    valued: names(
      '--arch --authfile --cert-dir --cgroup-conf --cgroups --chrootdirs --conmon-pidfile --creds --decryption-key --env-merge --gidmap --health-log-destination --health-max-log-count --health-max-log-size --health-on-failure --health-startup-cmd --health-startup-interval --health-startup-retries --health-startup-success --health-startup-timeout --hosts-file --hostuser --image-volume --init-path --os --passwd-entry --personality --pidfile --pod --pod-id-file --preserve-fd --preserve-fds --rdt-class --requires --retry --retry-delay --sdnotify --seccomp-policy --secret --shm-size-systemd --subgidname --subuidname --systemd --timeout --tz --uidmap --umask --unsetenv --variant --group-entry',
    ),
    flags: names(
      '--env-host --http-proxy --no-hostname --no-hosts --passwd --read-only-tmpfs --replace --rmi --rootfs --tls-verify --unsetenv-all',
    ),
  },
};
const SHORT: Readonly<Record<string, string>> = {
  a: '--attach',
  c: '--cpu-shares',
  d: '--detach',
  e: '--env',
  h: '--hostname',
  i: '--interactive',
  l: '--label',
  m: '--memory',
  P: '--publish-all',
  p: '--publish',
  q: '--quiet',
  t: '--tty',
  u: '--user',
  v: '--volume',
  w: '--workdir',
};
/** Docker's and Podman's older names. */
const RENAMED: Readonly<Record<string, string>> = { '--net': '--network', '--net-alias': '--network-alias' };

function names(text: string): ReadonlySet<string> {
  return new Set(text.split(' '));
}

/** Reads what stands behind "docker run" or "podman run", as their clients do; or says which word it does not understand. */
export function readRunCommand(
  engine: RunEngine,
  words: readonly string[],
):
  | { readonly value: RunCommand; readonly fault?: undefined }
  | { readonly value?: undefined; readonly fault: string } {
  const options: RunOption[] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at];
    if (word === '--') {
      at++;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    const read = word.startsWith('--')
      ? longOption(engine, word, words[at + 1])
      : shortOptions(engine, word, words[at + 1]);
    if (typeof read === 'string') return { fault: read };
    options.push(...read.options);
    if (read.tookNext) at++;
  }
  const image = words[at];
  if (image === undefined) return { fault: `${engine} run names no image` };
  return { value: { options, image, command: words.slice(at + 1) } };
}

type Read = { readonly options: readonly RunOption[]; readonly tookNext: boolean } | string;

function longOption(engine: RunEngine, word: string, next: string | undefined): Read {
  const equals = word.indexOf('=');
  const written = equals < 0 ? word : word.slice(0, equals);
  const name = Object.hasOwn(RENAMED, written) ? RENAMED[written] : written;
  const given = equals < 0 ? undefined : word.slice(equals + 1);
  if (takesValue(engine, written)) return withValue(name, given, next);
  if (!isFlag(engine, written)) return unknown(engine, written);
  return { options: given === 'false' ? [] : [{ name }], tookNext: false };
}

/** One word may hold several: -itp 80:80, -p80:80. */
function shortOptions(engine: RunEngine, word: string, next: string | undefined): Read {
  const options: RunOption[] = [];
  for (let i = 1; i < word.length; i++) {
    const name = Object.hasOwn(SHORT, word[i]) ? SHORT[word[i]] : undefined;
    if (name === undefined) return unknown(engine, `-${word[i]}`);
    if (isFlag(engine, name)) {
      if (word[i + 1] === '=') return { options, tookNext: false };
      options.push({ name });
      continue;
    }
    const rest = word.slice(i + 1).replace(/^=/, '');
    const read = withValue(name, rest === '' ? undefined : rest, next);
    return typeof read === 'string' ? read : { ...read, options: [...options, ...read.options] };
  }
  return { options, tookNext: false };
}

function withValue(name: string, given: string | undefined, next: string | undefined): Read {
  const value = given ?? next;
  if (value === undefined) return `${name} has no value`;
  return { options: [{ name, value }], tookNext: given === undefined };
}

function takesValue(engine: RunEngine, name: string): boolean {
  return VALUED.has(name) || OWN[engine].valued.has(name);
}

function isFlag(engine: RunEngine, name: string): boolean {
  return FLAGS.has(name) || OWN[engine].flags.has(name);
}

function unknown(engine: RunEngine, name: string): string {
  return `the option ${quote(name)} of ${engine} run is not known here, so the image cannot be told from its value`;
}

/** Options as words again, each with its value in one word. */
export function runWords(options: readonly RunOption[]): string[] {
  return options.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`));
}
