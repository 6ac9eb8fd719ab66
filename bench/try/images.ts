import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An image that is made here, from packages of this machine's Debian, and how it is tried. */
export interface LocalImage {
  readonly name: string;
  /** With what they depend on, less what only their installation needs. */
  readonly packages: readonly string[];
  /** Changes in the root file system before it is packed. */
  prepare?(root: string): void;
  /** Options of docker run before the image. */
  readonly options?: readonly string[];
  readonly command: readonly string[];
  /** A command in the container that succeeds when it works; undefined: it ends by itself, with 0. */
  readonly health?: string;
}

/** Whoever serves in an image has this number. */
const USER = 1000;
const BUSYBOX = ['sh', 'cat', 'ls', 'mkdir', 'wget', 'sleep', 'true', 'id', 'grep'];
/** Only installation needs these, or compilation in time, which PostgreSQL does without. */
const LEFT_OUT =
  /^(adduser|ca-certificates|cdebconf|debconf|dpkg|gcc-12-base|init-system-helpers|install-info|iproute2|libllvm|libz3|libperl|perl|libfile-find|libjson-perl|libnumber|libtext|locales|lsb-base|mailcap|mime-support|passwd|postgresql-common|postgresql-client-common|sensible-utils|ssl-cert|systemd|sysvinit|tar$|ucf|usr-is|usrmerge|libpam-modules|libdebian|libnewt|libslang)/;

export const IMAGES: readonly LocalImage[] = [
  {
    name: 'nginx',
    packages: ['nginx'],
    prepare(root) {
      mkdirSync(join(root, 'srv'));
      writeFileSync(join(root, 'srv/index.html'), 'it works\n'.repeat(4000));
      for (const folder of ['var/log/nginx', 'var/lib/nginx', 'run'])
        mkdirSync(join(root, folder), { recursive: true });
      writeFileSync(
        join(root, 'etc/nginx/nginx.conf'),
        'worker_processes 2;\nevents {}\nhttp { sendfile on; gzip on; gzip_types text/html; access_log /var/log/nginx/access.log; server { listen 80; root /srv; } }\n',
      );
    },
    command: ['nginx', '-g', 'daemon off;'],
    health: 'wget -q -O /dev/null http://127.0.0.1/',
  },
  {
    name: 'redis',
    packages: ['redis-server'],
    command: ['redis-server', '--save', '1 1', '--appendonly', 'yes', '--dir', '/tmp'],
    health: "sh -c 'redis-cli set answer 42 && redis-cli get answer | grep 42 && redis-cli bgsave'",
  },
  {
    name: 'postgres',
    packages: ['postgresql-15', 'libc-bin'],
    prepare(root) {
      for (const folder of ['data', 'var/run/postgresql']) {
        mkdirSync(join(root, folder), { recursive: true });
        chownSync(join(root, folder), USER, USER);
      }
      const bin = '/usr/lib/postgresql/15/bin';
      for (const program of ['initdb', 'postgres', 'psql', 'pg_ctl'])
        symlinkSync(`${bin}/${program}`, join(root, 'usr/bin', program));
    },
    options: ['--user', `${USER}:${USER}`, '--shm-size', '128m'],
    command: ['sh', '-c', 'initdb -D /data/db && exec postgres -D /data/db'],
    health:
      'psql -h 127.0.0.1 -d postgres -c "create table if not exists t as select generate_series(1, 10000) n" -c "select count(*) from t" -c "vacuum t" -c checkpoint',
  },
  {
    name: 'python',
    packages: ['python3', 'netbase'],
    command: [
      'python3',
      '-c',
      'import hashlib, json, os, socket, sqlite3, subprocess, tempfile, threading\nt = [threading.Thread(target=hashlib.sha256, args=(b"x",)) for _ in range(4)]\n[x.start() for x in t]; [x.join() for x in t]\nd = sqlite3.connect(tempfile.mkdtemp() + "/d"); d.execute("create table t (n)"); d.commit()\nprint(json.dumps({"uname": subprocess.check_output(["id"]).decode(), "pid": os.getpid()}))',
    ],
  },
  {
    name: 'node',
    // The Node that runs this, since a machine may have it from elsewhere than Debian.
    packages: ['libc6', 'libgcc-s1', 'libstdc++6'],
    prepare(root) {
      cpSync(process.execPath, join(root, 'usr/bin/node'));
      writeFileSync(
        join(root, 'server.js'),
        "const http = require('http'), fs = require('fs');\nhttp.createServer((q, r) => fs.readFile('/server.js', (e, d) => r.end(d))).listen(8080);\nprocess.on('SIGTERM', () => process.exit(0));\n",
      );
    },
    command: ['node', '/server.js'],
    health: 'wget -q -O /dev/null http://127.0.0.1:8080/',
  },
  {
    name: 'go-static',
    packages: [],
    prepare(root) {
      const folder = mkdtempSync(join(tmpdir(), 'callgate-go-'));
      writeFileSync(
        join(folder, 'main.go'),
        'package main\n\nimport (\n\t"net/http"\n)\n\nfunc main() {\n\thttp.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "/server") })\n\tpanic(http.ListenAndServe(":8080", nil))\n}\n',
      );
      const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GO111MODULE: 'off' };
      execFileSync('go', ['build', '-o', join(root, 'server'), 'main.go'], { cwd: folder, env });
      rmSync(folder, { recursive: true });
    },
    command: ['/server'],
    health: 'wget -q -O /dev/null http://127.0.0.1:8080/',
  },
];

/** Makes an image and gives it to an engine under a tag; its size in bytes. */
export function makeImage(engine: 'docker' | 'podman', image: LocalImage, tag: string): number {
  const root = mkdtempSync(join(tmpdir(), 'callgate-image-'));
  const cache = join(tmpdir(), 'callgate-bench-packages');
  try {
    for (const folder of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev', 'root']) mkdirSync(join(root, folder));
    rmSync(join(root, 'bin'), { recursive: true });
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
    for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
      mkdirSync(join(root, 'usr', folder), { recursive: true });
      symlinkSync(`usr/${folder}`, join(root, folder));
    }
    for (const file of debs(image.packages, cache)) unpack(file, root);
    cpSync('/bin/busybox', join(root, 'usr/bin/busybox'));
    for (const name of BUSYBOX)
      if (spawnSync('test', ['-e', join(root, 'usr/bin', name)]).status !== 0)
        symlinkSync('busybox', join(root, 'usr/bin', name));
    writeFileSync(
      join(root, 'etc/passwd'),
      `root:x:0:0::/root:/bin/sh\nserver:x:${USER}:${USER}::/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n`,
    );
    writeFileSync(
      join(root, 'etc/group'),
      `root:x:0:\nserver:x:${USER}:\nwww-data:x:33:\nnogroup:x:65534:\n`,
    );
    for (const folder of [
      'usr/share/doc',
      'usr/share/man',
      'usr/share/locale',
      'usr/include',
      'usr/lib/python3/dist-packages/pip',
    ])
      rmSync(join(root, folder), { recursive: true, force: true });
    chmodSync(join(root, 'tmp'), 0o1777);
    image.prepare?.(root);
    const archive = `${root}.tar`;
    execFileSync('tar', ['-C', root, '--numeric-owner', '-cf', archive, '.']);
    const size = Number(execFileSync('stat', ['-c', '%s', archive]).toString());
    execFileSync(engine, ['import', archive, tag], { stdio: ['ignore', 'ignore', 'pipe'] });
    rmSync(archive);
    return size;
  } finally {
    rmSync(root, { recursive: true, force: true });
    rmSync(`${root}.tar`, { force: true });
  }
}

/** Packages come with folders /bin and /lib, too, which are links in the image. */
function unpack(file: string, root: string): void {
  const fs = spawnSync('dpkg-deb', ['--fsys-tarfile', file], { maxBuffer: 1 << 30 });
  execFileSync('tar', ['-C', root, '--keep-directory-symlink', '-xf', '-'], {
    input: fs.stdout,
    maxBuffer: 1 << 30,
  });
}

/** The files of packages and of what they depend on, downloaded once. */
function debs(packages: readonly string[], cache: string): string[] {
  if (packages.length === 0) return [];
  mkdirSync(cache, { recursive: true });
  const no = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (what) => `--no-${what}`,
  );
  const listed = execFileSync('apt-cache', ['depends', '--recurse', ...no, ...packages]).toString();
  const names = new Set(listed.split('\n').filter((line) => /^[a-z]/.test(line)));
  const wanted = [...names].filter((name) => !LEFT_OUT.test(name));
  const known = () => readdirSync(cache);
  const fileOf = (name: string) =>
    known().find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
  for (const name of wanted)
    if (!fileOf(name)) spawnSync('apt-get', ['download', '-q', name], { cwd: cache, stdio: 'ignore' });
  return wanted.flatMap((name) => {
    const file = fileOf(name);
    return file === undefined ? [] : [join(cache, file)];
  });
}
