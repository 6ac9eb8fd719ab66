import { meantFile } from '@callgate/workload/internal/localhost/meant-file';
import { expect, it } from 'vitest';

const FILES = ['other/audit.json', 'probe', 'profiles/web.json'];

it.each([
  ['web.json', 'profiles/web.json'],
  ['web', 'profiles/web.json'],
  ['profiles/web', 'profiles/web.json'],
  ['profiles/web.json ', 'profiles/web.json'],
  ['localhost/profiles/web.json', 'profiles/web.json'],
  ['seccomp/profiles/web.json', 'profiles/web.json'],
  ['localhost//var/lib/kubelet/seccomp/profiles/web.json', 'profiles/web.json'],
  ['profiles/wbe.json', 'profiles/web.json'],
  ['prbe', 'probe'],
  ['nothing/like/it', undefined],
])('%s means %s', (written, meant) => {
  expect(meantFile(written, FILES)).toBe(meant);
});
