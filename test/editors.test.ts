import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allNames } from '@callgate/engine/internal/syscalls/lookup';
import { describe, expect, it } from 'vitest';
import { getLanguageService, TextDocument } from 'vscode-json-languageservice';

const SCHEMA = join(import.meta.dirname, '../packages/cli/schemas/profile.schema.json');

/** What VS Code has JSON files checked and completed by. */
const service = getLanguageService({ schemaRequestService: async () => readFileSync(SCHEMA, 'utf8') });

/** A profile as it is opened, and where `|` stands in it. */
function opened(body: string) {
  const text = `{"$schema": "./profile.schema.json", ${body}}`;
  const document = TextDocument.create('file:///p.json', 'json', 1, text.replace('|', ''));
  return { document, json: service.parseJSONDocument(document), at: document.positionAt(text.indexOf('|')) };
}

async function offered(body: string) {
  const { document, json, at } = opened(body);
  const list = await service.doComplete(document, at, json);
  return new Map(list!.items.map(({ label, documentation }) => [label, documentation]));
}

/** What is underlined, and what is said of it. */
async function underlined(body: string): Promise<[string, string][]> {
  const { document, json } = opened(body);
  const faults = await service.doValidation(document, json);
  return faults.map(({ range, message }) => [document.getText(range), `${message}`]);
}

const rule = (body: string) => `"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{${body}}]`;

describe('in VS Code', () => {
  it('every call is offered where a rule names calls, with what it does', async () => {
    const calls = await offered(rule('"names": ["|"], "action": "SCMP_ACT_ALLOW"'));
    expect([...calls.keys()]).toEqual(expect.arrayContaining(allNames().map((name) => `"${name}"`)));
    expect(calls.get('"bpf"')).toMatch(/^bpf\(cmd, uattr, size\): .* Since Linux 3\.18\.$/);
    expect(calls.get('"open"')).toContain('Not on aarch64.');
  });

  it.each([
    ['"defaultAction": "|"', '"SCMP_ACT_KILL_PROCESS"'],
    [rule('"names": ["read"], "action": "|"'), '"SCMP_ACT_LOG"'],
    [rule('"names": ["read"], "|"'), 'errnoRet'],
    [rule('"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"op": "|"}]'), '"SCMP_CMP_MASKED_EQ"'],
    [rule('"names": ["read"], "includes": {"caps": ["|"]}'), '"CAP_SYS_ADMIN"'],
    [rule('"names": ["read"], "includes": {"arches": ["|"]}'), '"amd64"'],
    ['"architectures": ["|"]', '"SCMP_ARCH_X86_64"'],
    ['"archMap": [{"subArchitectures": ["|"]}]', '"SCMP_ARCH_X32"'],
    ['"flags": ["|"]', '"SECCOMP_FILTER_FLAG_LOG"'],
    ['"defaultErrno": "|"', '"ENOSYS"'],
  ])('in %s there is %s to choose', async (body, word) => {
    expect([...(await offered(body)).keys()]).toContain(word);
  });

  it('nothing of a profile is underlined that names its schema', async () => {
    expect(await underlined(rule('"names": ["read"], "action": "SCMP_ACT_ALLOW"'))).toEqual([]);
  });

  it.each([
    [rule('"names": ["opennat"], "action": "SCMP_ACT_ALLOW"'), '"opennat"', /no architecture has/i],
    ['"defaultAction": "SCMP_ACT_DENY"', '"SCMP_ACT_DENY"', /no runtime knows/i],
    [rule('"names": ["read"], "action": "SCMP_ACT_LOG", "errnoret": 1'), '"errnoret"', /errnoret/],
    [
      rule('"names": ["read"], "action": "SCMP_ACT_LOG", "includes": {"caps": ["CAP_X"]}'),
      '"CAP_X"',
      /Linux/,
    ],
    [
      rule('"names": ["read"], "action": "SCMP_ACT_LOG", "includes": {"minKernel": "4.8.1"}'),
      '"4.8.1"',
      /"4\.8"/,
    ],
    [rule('"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": "EPERM"'), '"EPERM"', /integer/],
  ])('in %s, %s is underlined', async (body, place, message) => {
    expect(await underlined(body)).toEqual([[place, expect.stringMatching(message)]]);
  });
});
