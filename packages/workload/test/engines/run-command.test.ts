import { describe, expect, it } from 'vitest';
import { readRunCommand, runWords } from '../../src/engines/run-command.ts';

const read = (line: string, engine: 'docker' | 'podman' = 'docker') =>
  readRunCommand(engine, line.split(' '));

describe('what stands behind docker run', () => {
  it('is options, an image and a command, whose own options are not the engine’s', () => {
    const { value } = read('-d -p 80:80 --name=web -e A=b=c --rm --tmpfs /run nginx:1 nginx -g -p');
    expect(value?.image).toBe('nginx:1');
    expect(value?.command).toEqual(['nginx', '-g', '-p']);
    expect(runWords(value!.options)).toEqual([
      '--detach',
      '--publish=80:80',
      '--name=web',
      '--env=A=b=c',
      '--rm',
      '--tmpfs=/run',
    ]);
  });

  it.each([
    ['-itp80:80 x', ['--interactive', '--tty', '--publish=80:80']],
    ['-dp 80:80 x', ['--detach', '--publish=80:80']],
    ['-u=5 x', ['--user=5']],
    ['--rm=false --init=true x', ['--init']],
    ['-d=false x', []],
    ['--net host x', ['--network=host']],
    ['-- x', []],
    ['--env -d x', ['--env=-d']],
  ])('has options in many spellings: %s', (line, words) => {
    const { value } = read(line);
    expect(value && runWords(value.options)).toEqual(words);
    expect(value?.image).toBe('x');
  });

  it.each([
    [
      '--foo x',
      'the option "--foo" of docker run is not known here, so the image cannot be told from its value',
    ],
    ['-z x', 'the option "-z" of docker run is not known here, so the image cannot be told from its value'],
    [
      '--constructor x',
      'the option "--constructor" of docker run is not known here, so the image cannot be told from its value',
    ],
    ['--name', '--name has no value'],
    ['--rm', 'docker run names no image'],
  ])('is refused in one line: %s', (line, fault) => expect(read(line).fault).toBe(fault));

  it('differs from one engine to the other', () => {
    expect(read('--tz UTC x', 'podman').value?.image).toBe('x');
    expect(read('--tz UTC x').fault).toMatch(/"--tz"/);
    expect(read('--link a:b x').value?.image).toBe('x');
    expect(read('--link a:b x', 'podman').fault).toMatch(/"--link"/);
  });
});
