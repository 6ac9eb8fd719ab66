import { createRequire } from 'node:module';
import { firstLibseccomp } from '@callgate/engine/internal/libseccomp/first-release';
import { allNames } from '@callgate/engine/internal/syscalls/lookup';
import { describeWith } from '@callgate/testing/requirements';
import { expect, it } from 'vitest';

const X86_64 = 0xc000003e;
const NOT_FOUND = -1;
/** Whose table of calls Debian put into an older release: bullseye's 2.5.1, bookworm's 2.5.4. */
const TABLES_IN_DEBIAN: Readonly<Record<string, string>> = { '2.5.1': '2.5.3', '2.5.4': '2.5.5' };

const { compare } = new Intl.Collator('en', { numeric: true });

describeWith(['libseccomp'], 'which libseccomp knows a call', () => {
  const koffi = createRequire(import.meta.url)('koffi');
  const library = koffi.load('libseccomp.so.2');
  const resolve = library.func('int seccomp_syscall_resolve_name_arch(uint32_t arch, const char *name)');
  const release: string = koffi.decode(library.func('void *seccomp_version()')(), 'uint32_t', 3).join('.');

  /** Calls about which a table of that release would be another one than the library's. */
  function mistakes(table: string): string[] {
    return allNames().filter((name) => {
      const { first, notIn } = firstLibseccomp(name)!;
      const resolved = resolve(X86_64, name) !== NOT_FOUND;
      if (compare(table, first) >= 0) return !resolved;
      return notIn !== null && compare(table, notIn) <= 0 && resolved;
    });
  }

  it('is what this library says of every call', () => {
    const ofDebian = TABLES_IN_DEBIAN[release];
    const tables = ofDebian === undefined ? [release] : [release, ofDebian];
    expect(tables.map(mistakes)).toContainEqual([]);
  });
});
