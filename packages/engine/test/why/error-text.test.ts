import { readErrorLines, readErrorText } from '@callgate/engine/internal/why/error-text';
import { describe, expect, it } from 'vitest';

const EPERM = { kind: 'errno', errno: 1 };
const ENOSYS = { kind: 'errno', errno: 38 };

describe('an error text', () => {
  it.each([
    ['unshare: unshare failed: Operation not permitted', 'unshare', EPERM],
    ["mkdir: can't create directory '/x': Operation not permitted", 'mkdir', EPERM],
    ["Error: EPERM: operation not permitted, mkdir '/x'", 'mkdir', EPERM],
    ['panic: mkdir /x: operation not permitted', 'mkdir', EPERM],
    ["Error: EPERM: operation not permitted, open '/etc/hosts'", 'openat', EPERM],
    ['Error: listen EPERM: operation not permitted 0.0.0.0:80', 'listen', EPERM],
    ['Error: connect EPERM 127.0.0.1:5432', 'connect', EPERM],
    ['nginx: [emerg] bind() to 0.0.0.0:80 failed (1: Operation not permitted)', 'bind', EPERM],
    ['LOG:  could not bind IPv4 address "0.0.0.0": Operation not permitted', 'bind', EPERM],
    ['DETAIL:  Failed system call was shmget(key=5432001, size=56, 03600).', 'shmget', undefined],
    ['runtime: failed to create new OS thread (have 2 already; errno=1)', 'clone', EPERM],
    ["ls: cannot access '/x': Operation not permitted", 'statx', EPERM],
    ['keyctl_search: Operation not permitted', 'keyctl', EPERM],
    ['fork/exec /bin/ls: operation not permitted', 'clone', EPERM],
    ['Error: spawn ls EPERM', 'clone', EPERM],
    ['initdb: error: could not create directory "/x": Operation not permitted', 'mkdir', EPERM],
    ['FATAL:  could not stat file "/x": Operation not permitted', 'newfstatat', EPERM],
    ['listen tcp 127.0.0.1:80: bind: operation not permitted', 'bind', EPERM],
    ['dial tcp 127.0.0.1:1: connect: operation not permitted', 'connect', EPERM],
    ['open /etc/passwd: operation not permitted', 'openat', EPERM],
    ['app: stat /etc/passwd: operation not permitted', 'newfstatat', EPERM],
    ['remove /tmp/x: operation not permitted', 'unlink', EPERM],
    ['# Could not create server TCP listening socket *:7391: bind: Operation not permitted', 'bind', EPERM],
    ["# Failed creating the event loop. Error message: 'Operation not permitted'", 'epoll_create', EPERM],
    ['setrlimit(RLIMIT_NOFILE, 99) failed (1: Operation not permitted)', 'prlimit64', EPERM],
    ['#  Assertion failed: (uv_loop_init(&tracing_loop_)) == (0)', 'epoll_create1', undefined],
    ['mount: permission denied (are you root?)', 'mount', EPERM],
    ["nsenter: reassociate to namespace 'ns/net' failed: Operation not permitted", 'setns', EPERM],
    ['java.io.IOException: Cannot run program "x": error=1, Operation not permitted', 'execve', EPERM],
    ['runtime/cgo: pthread_create failed: Operation not permitted', 'clone3', EPERM],
    ['runc create failed: get root mount id: statx /: operation not permitted', 'statx', EPERM],
    ['standard_init_linux.go:228: exec user process caused: operation not permitted', 'execve', EPERM],
    [
      'OCI runtime create failed: error closing exec fds: open /proc/self/fd: function not implemented',
      'openat',
      ENOSYS,
    ],
  ])('%s', (text, call, outcome) => {
    expect(readErrorText(text)).toMatchObject({ calls: expect.arrayContaining([call]), outcome });
    expect(readErrorText(text)!.calls[0]).toBe(call);
  });

  it.each([
    ['    self.pid = _fork_exec(\n               ^^^^^^^^^^^', 'vfork'],
    ['    _socket.socket.__init__(self, family, type, proto, fileno)', 'socket'],
    ['    s.bind(address)', 'bind'],
    ['    with open(path) as f:\n         ~~~~^^^^^^', 'openat'],
  ])('of Python is explained by the line of its source: %s', (source, call) => {
    const text = `Traceback (most recent call last):\n  File "a.py", line 1, in f\n${source}\nPermissionError: [Errno 1] Operation not permitted`;
    expect(readErrorText(text)).toMatchObject({ calls: expect.arrayContaining([call]), outcome: EPERM });
    expect(readErrorText(text)!.calls[0]).toBe(call);
  });

  it('of strace has the arguments as far as they are numbers and names', () => {
    expect(
      readErrorText('[pid 12] socket(AF_VSOCK, SOCK_STREAM, 0) = -1 EPERM (Operation not permitted)'),
    ).toMatchObject({
      named: { name: 'socket', args: [40n, 1n, 0n] },
      outcome: EPERM,
    });
    expect(
      readErrorText('openat(AT_FDCWD, "/a, b(", O_RDONLY) = -1 ENOSYS (…)')!.named!.args.slice(1),
    ).toEqual([undefined, 0n]);
  });

  it('of strace has the flags of a clone where they are told, and where they name no namespace they do not matter', () => {
    const clone = (flags: string) =>
      readErrorText(`clone(child_stack=NULL, flags=${flags}, child_tidptr=0x7f) = -1 EPERM (…)`);
    expect(clone('CLONE_CHILD_SETTID|SIGCHLD')).toMatchObject({ calls: ['clone'], isPlain: true });
    expect(clone('CLONE_CHILD_SETTID|SIGCHLD')!.named).toBeUndefined();
    expect(clone('CLONE_NEWUSER|SIGCHLD')).toMatchObject({ named: { args: [0x10000011n] } });
  });

  it('of a program may have them, too', () => {
    const named = { name: 'unshare', args: [0x10000000n] };
    expect(readErrorText('unshare: unshare(0x10000000): Operation not permitted')).toMatchObject({ named });
    // Of three arguments one.
    const some = readErrorText('[alert] ioctl(FIOASYNC) failed (1: Operation not permitted)');
    expect(some).toMatchObject({ calls: ['ioctl'] });
    expect(some!.named).toBeUndefined();
    expect(readErrorText('mkdir(path): Operation not permitted')!.named).toBeUndefined();
  });

  it.each([
    ['bash: line 1: 12 Bad system call (core dumped) ./app', { outcome: { kind: 'sigsys' }, calls: [] }],
    ["PermissionError: [Errno 1] Operation not permitted: '/x'", { outcome: EPERM, calls: [] }],
    ['Os { code: 1, kind: PermissionDenied, message: "no" }', { outcome: EPERM, calls: [] }],
    ['seccomp: config provided but seccomp not supported', { known: { kind: 'elsewhere' }, calls: [] }],
    ['requested action matches default action of filter', { known: { kind: 'profile' }, calls: [] }],
  ])('may name no call: %s', (text, told) => {
    expect(readErrorText(text)).toMatchObject(told);
  });

  it('is none where nothing failed', () => {
    expect(readErrorText('listening on port 80\nready')).toBeUndefined();
  });

  it('that tells the most is taken of several lines, and each of an output once', () => {
    const text = 'starting\nOperation not permitted\nchroot: /: Operation not permitted\nbye';
    expect(readErrorText(text)!.calls).toEqual(['chroot']);
    expect(readErrorLines(`${text}\n${text}`)).toHaveLength(2);
  });

  it('is read in time that grows with its length alone', () => {
    for (const part of [
      '(',
      'a(',
      '"',
      'mkdir(1,',
      '[',
      'E',
      'errno ',
      ' = -1 E',
      'open /a',
      ' open /',
      ': open: ',
    ])
      for (const end of ['', ') = -1 EPERM', ' operation not permitted']) {
        const start = performance.now();
        readErrorText(part.repeat(200_000 / part.length) + end);
        readErrorLines(`${part.repeat(500)}${end}\n`.repeat(400));
        expect(performance.now() - start).toBeLessThan(2000);
      }
  });
});
