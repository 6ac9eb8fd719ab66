import {
  ABSOLUTE_PATH,
  answered,
  isName,
  nameFrom,
  RELATIVE_PATH,
} from '@callgate/workload/internal/carriers/answers';
import { CARRIERS } from '@callgate/workload/internal/carriers/carriers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const daemonset = CARRIERS.find(({ id }) => id === 'daemonset')!;

describe('answers', () => {
  it('are what is usual where nothing is given', () => {
    expect(answered(daemonset, new Map([['namespace', 'security']]))).toEqual({
      answers: { namespace: 'security', kubelet: '/var/lib/kubelet', image: 'busybox:1.37' },
    });
  });

  it.each([
    [{ namespac: 'x' }, 'did you mean namespace?'],
    [{ colour: 'x' }, 'it asks namespace, kubelet, image'],
    [{ namespace: 'Not This' }, 'small letters'],
    [{ kubelet: 'var/lib' }, 'absolute path'],
    [{ kubelet: '/var/../etc' }, 'absolute path'],
    [{ image: 'x\ny' }, 'reference of an image'],
  ])('%j is refused', (given, message) => {
    expect(answered(daemonset, new Map(Object.entries(given)))).toMatchObject({
      fault: expect.stringContaining(message),
    });
  });

  it('may be needed', () => {
    const crio = CARRIERS.find(({ id }) => id === 'crio-annotation')!;
    expect(answered(crio, new Map())).toEqual({
      fault:
        'crio-annotation needs repository: where the artifact will be, such as repository=registry.example.com/seccomp/web',
    });
  });

  it('of a carrier that asks nothing cannot be given', () => {
    const oci = CARRIERS.find(({ id }) => id === 'oci')!;
    expect(answered(oci, new Map([['a', 'b']]))).toEqual({ fault: 'oci asks nothing, so "a" cannot be set' });
  });

  it('usual ones are such as could be given', () => {
    for (const { asks = {} } of CARRIERS)
      for (const { usual, needed, form } of Object.values(asks))
        for (const answer of [usual, needed])
          if (answer !== undefined && form) expect(answer).toMatch(form.pattern);
  });
});

it.each(['a/b.json', 'profiles/callgate/x-1.json', 'a..b'])('%s is a path below a folder', (path) => {
  expect(path).toMatch(RELATIVE_PATH.pattern);
});
it.each(['/a', '../a', 'a/../b', 'a/..', './a', 'a//b', 'a/', 'a b', 'a\n', ''])('%j is none', (path) => {
  expect(path).not.toMatch(RELATIVE_PATH.pattern);
});
it.each(['/', '/a/', '/a/../b', 'a', '/a//b', '/a\n'])('%j is no absolute path', (path) => {
  expect(path).not.toMatch(ABSOLUTE_PATH.pattern);
});

it('a name is made of any text', () => {
  expect(nameFrom('My_Profile (1).v2')).toBe('my-profile-1-v2');
  expect(nameFrom('…')).toBe('profile');
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => isName(nameFrom(text))));
});

it('each carrier has an id of its own, and says what it is', () => {
  const ids = CARRIERS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, about } of CARRIERS) expect([id, about.length > 10]).toEqual([id, true]);
});
