import { parseSpec } from '@callgate/engine/internal/spec/read-spec';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { describe, expect, it } from 'vitest';

const KNOWN = { attacks: ['mount', 'mkdir', 'user-namespace'], categories: ['module'], defaults: ['docker'] };

const parse = (text: string) => parseSpec('spec.yaml', text, KNOWN, abiOf('x86_64'));
const spec = (text: string) => {
  const { value, diagnostics } = parse(text);
  expect(diagnostics).toEqual([]);
  return value!;
};
const told = (text: string) =>
  parse(text).diagnostics.map(({ message, remedy }) =>
    remedy?.kind === 'did-you-mean' ? `${message}; did you mean ${remedy.word}?` : message,
  );

describe('a spec', () => {
  it('says what runs, what must work and what must not', () => {
    const whole = spec(`
engine: docker
image: nginx-test
profile: nginx.json
options: ["--cap-add", "NET_ADMIN"]
command: [nginx, -g, "daemon off;"]
ready: {tcp: 80, within: 1m}
functions:
  - {name: serves the page, http: "http://127.0.0.1:80/", status: 200, body: Welcome}
  - {run: [redis-cli, ping], exit: 0, output: PONG}
  - {tcp: 6379}
  - {health: true}
  - {alive: 500ms}
  - {ends: 3, output: bye}
security:
  - {attack: mount}
  - {call: "mkdir(0x1, 0o755)", expect: allowed}
  - {category: module}
  - {default: docker}
`);
    expect(whole).toMatchObject({
      engine: 'docker',
      image: 'nginx-test',
      options: ['--cap-add', 'NET_ADMIN'],
      command: ['nginx', '-g', 'daemon off;'],
      ready: { probe: { kind: 'tcp', port: 80 }, withinMs: 60_000 },
    });
    expect(whole.functions.map(({ name, probe }) => [name, probe.kind])).toEqual([
      ['serves the page', 'http'],
      ['redis-cli ping works with "PONG"', 'run'],
      ['port 6379 takes connections', 'tcp'],
      ['the health check of the image passes', 'health'],
      ['it still runs after 0.5 s', 'alive'],
      ['it ends with 3 with "bye"', 'ends'],
    ]);
    expect(whole.security.map(({ name, kind }) => [name, kind])).toEqual([
      ['mount', 'attack'],
      ['mkdir(0x1, 0o755) is allowed', 'call'],
      ['everything in module', 'category'],
      ['nothing that the default of docker denies', 'default'],
    ]);
    expect(whole.security[1]).toMatchObject({
      call: { name: 'mkdir', nr: 83, args: [1n, 0o755n, 0n, 0n, 0n, 0n] },
    });
  });

  it('reads a call of another ABI', () => {
    expect(spec('security: [{call: "x86/mount(0x1)"}]').security[0]).toMatchObject({
      call: { abi: { name: 'x86' }, nr: 21 },
      expect: 'denied',
    });
  });

  it.each([
    ['[]', ['the spec is an array, not an object']],
    ['engin: docker', ['a spec has no engin; did you mean engine?']],
    [
      'engine: dockr',
      [
        'engine is the string "dockr", not host, docker, podman, containerd, runc, crun; did you mean docker?',
      ],
    ],
    ['functions: [{htp: x}]', ['a spec has no functions[0].htp; did you mean http?']],
    [
      'functions: [{name: x}]',
      ['functions[0] says nothing: it needs one of http, tcp, run, log, health, alive, ends'],
    ],
    ['functions: [{tcp: 1, alive: 1s}]', ['functions[0].alive has tcp and alive: make 2 of it']],
    ['functions: [{tcp: 1, body: x}]', ['functions[0].body does not go with tcp']],
    ['functions: [{tcp: 99999}]', ['functions[0].tcp is no port']],
    ['functions: [{alive: 5}]', ['functions[0].alive is the number 5, not a string']],
    ['functions: [{alive: soon}]', ['functions[0].alive is no duration such as 500ms, 10s or 2m']],
    ['functions: [{run: []}]', ['functions[0].run is empty']],
    ['functions: [{http: "ftp://x"}]', ['functions[0].http is no address that begins with http://']],
    ['security: [{attack: mout}]', ['security[0].attack is "mout", no known attack; did you mean mount?']],
    ['security: [{category: x}]', ['security[0].category is "x", no known category; there are module']],
    [
      'security: [{call: mkdr}]',
      ['security[0].call cannot be made: there is no system call "mkdr"; did you mean mkdir?'],
    ],
    [
      'security: [{call: "mkdir(1"}]',
      ['security[0].call cannot be made: "mkdir(1" is no call; write it as mkdir(0x1, 0o755)'],
    ],
    [
      'security: [{call: "mkdir(1,2,3,4,5,6,7)"}]',
      ['security[0].call cannot be made: a system call has at most six arguments, not 7'],
    ],
    [
      'security: [{call: "x87/mkdir"}]',
      ['security[0].call cannot be made: there is no ABI "x87"; did you mean x86?'],
    ],
    ['security: [{attack: mount, expect: denied}]', ['security[0].expect does not go with attack']],
    ['image: a\nrootfs: b', ['rootfs stands beside image: one of them runs']],
    ['options: [5]', ['options[0] is the number 5, not a string']],
  ])('%s is told at its place', (text, messages) => {
    expect(told(text)).toEqual(messages);
    expect(parse(text).value).toBeUndefined();
  });

  it('points at the key that is wrong', () => {
    const text = 'engine: docker\nfunctions:\n  - {tcp: 80}\n  - {bod: x}\n';
    expect(parse(text).diagnostics.map(({ place }) => text.slice(place.start, place.end))).toEqual(['bod']);
  });
});
