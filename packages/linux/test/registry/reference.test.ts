import { isLoopback, originOf, parseReference } from '@callgate/linux/internal/registry/reference';
import { describe, expect, it } from 'vitest';

const DIGEST = `sha256:${'0f'.repeat(32)}`;

describe('a reference', () => {
  it.each([
    [
      'registry.example.com/team/web:1',
      { registry: 'registry.example.com', repository: 'team/web', tag: '1' },
    ],
    ['localhost/web', { registry: 'localhost', repository: 'web' }],
    ['127.0.0.1:5000/a/b/c:v1.2', { registry: '127.0.0.1:5000', repository: 'a/b/c', tag: 'v1.2' }],
    ['[::1]:5000/web', { registry: '[::1]:5000', repository: 'web' }],
    [`r.example/web@${DIGEST}`, { registry: 'r.example', repository: 'web', digest: DIGEST }],
    [`r.example/web:1@${DIGEST}`, { registry: 'r.example', repository: 'web', tag: '1', digest: DIGEST }],
    ['docker.io/me/web', { registry: 'docker.io', repository: 'me/web' }],
  ])('%s', (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
  });

  it.each([
    ...['web', 'team/web', 'r.example/', '/web', 'r.example/Web', 'r.example/../web', 'r.example/a//b'],
    ...[
      'r.example/web:',
      'r.example/web:a/b',
      'r.example/web@sha256:0',
      `r.example/web@${DIGEST}@x`,
      'r.example/web\n',
    ],
    ...['http://r.example/web', 'user@r.example/web', `r.example/${'a'.repeat(1000)}`, ''],
  ])('%j is none', (text) => {
    expect(parseReference(text)).toBeUndefined();
  });
});

it('https is asked, but on this machine', () => {
  const origin = (registry: string) => originOf({ registry, repository: 'web' });
  expect(['localhost:5000', '127.0.0.1:5000', '[::1]:5000'].map(origin)).toEqual([
    'http://localhost:5000',
    'http://127.0.0.1:5000',
    'http://[::1]:5000',
  ]);
  expect(['r.example', 'localhost.example.com', 'docker.io'].map(origin)).toEqual([
    'https://r.example',
    'https://localhost.example.com',
    'https://registry-1.docker.io',
  ]);
  expect(['127.0.0.1.example.com', 'localhost.x:1', '1127.0.0.1'].map(isLoopback)).toEqual([
    false,
    false,
    false,
  ]);
});
