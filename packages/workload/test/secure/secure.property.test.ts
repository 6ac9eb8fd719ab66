import type { Value } from '@callgate/engine/internal/source/edit';
import { writeIndentedJson, writeJson } from '@callgate/engine/internal/source/write-json';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonPatch } from '../../src/secure/json-patch.ts';
import type { SecureRequest } from '../../src/secure/request.ts';
import { secure } from '../../src/secure/secure.ts';
import { applyPatch } from './apply-patch.ts';
import { choices, manifest, writeYaml } from './manifests.ts';
import { secured, valuesOf } from './securing.ts';

const RUNS = Number(process.env.CALLGATE_FUZZ ?? 200);
const SEED = Number(process.env.CALLGATE_SEED ?? 1);

const request: fc.Arbitrary<SecureRequest> = fc.record({
  profile: fc.constantFrom(undefined, 'q/b.json'),
  containers: fc.constantFrom(undefined, ['app'], ['init', 'side']),
  replacesUnconfined: fc.boolean(),
  noPrivilegeEscalation: fc.boolean(),
});

type Spec = { readonly [key: string]: Value };

/** What a pod's spec has to be afterwards, said once more and in another way. */
function wantedSpec(spec: Spec, asked: SecureRequest): Spec {
  const put: Value = asked.profile
    ? { type: 'Localhost', localhostProfile: asked.profile }
    : { type: 'RuntimeDefault' };
  const profiled = (place: Spec, isAsked: boolean): Spec => {
    const context = (place.securityContext ?? {}) as Spec;
    const type = ((context.seccompProfile ?? {}) as Spec).type;
    const isFree = type === undefined || (type === 'Unconfined' && asked.replacesUnconfined);
    const isOther = isAsked && type !== undefined && type !== 'Unconfined';
    if (!isFree && !isOther) return place;
    return { ...place, securityContext: { ...context, seccompProfile: put } };
  };
  const contained = (container: Spec): Spec => {
    if (asked.containers && !asked.containers.includes(container.name as string)) return container;
    const type = (((container.securityContext as Spec | null)?.seccompProfile ?? {}) as Spec).type;
    const named =
      asked.containers || type === 'Unconfined' ? profiled(container, !!asked.containers) : container;
    const context = (named.securityContext ?? {}) as Spec;
    const isStrong = context.privileged === true || writeJson(context).includes('SYS_ADMIN');
    if (!asked.noPrivilegeEscalation || isStrong) return named;
    return { ...named, securityContext: { ...context, allowPrivilegeEscalation: false } };
  };
  const whole = asked.containers ? spec : profiled(spec, asked.profile !== undefined);
  return {
    ...whole,
    containers: (spec.containers as Spec[]).map(contained),
    ...('initContainers' in spec && { initContainers: (spec.initContainers as Spec[]).map(contained) }),
  };
}

function wanted(value: Value, asked: SecureRequest): Value {
  if (Array.isArray(value)) return value.map((item) => wanted(item, asked));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'spec' && item !== null && typeof item === 'object' && 'containers' in item
        ? wantedSpec(item as Spec, asked)
        : wanted(item, asked),
    ]),
  );
}

/** A comment behind a path goes with it, where the default takes the path's place. */
const withoutOwn = (text: string) => text.replaceAll(/(localhostProfile"?: .*?) {2}# \d+ behind/g, '$1');

/** Everything that people wrote for people. */
const commentsOf = (text: string): readonly string[] => text.match(/# \d+(\twith a tab| behind)?/g) ?? [];

function check(text: string, name: string, value: Value, asked: SecureRequest): void {
  expect(valuesOf(text, name)).toEqual([value]);
  const done = secured(text, asked, name);
  expect(valuesOf(done.text, name), `${text}\n----\n${done.text}`).toEqual([wanted(value, asked)]);
  for (const comment of commentsOf(withoutOwn(text))) expect(commentsOf(done.text)).toContain(comment);
  expect(commentsOf(text).filter((c) => commentsOf(done.text).includes(c))).toEqual(commentsOf(done.text));
  expect(isWithin(withoutOwn(text).replaceAll(REPLACED, ''), done.text)).toBe(true);
  if (done.objects.length === 0) expect(done.text).toBe(text);
  for (const object of done.objects)
    expect(applyPatch(object.before, jsonPatch(object))).toEqual(wanted(object.before, asked));
}

/** What is put in the place of something else, so that the rest must be there still, in its order. */
const REPLACED = /Unconfined|RuntimeDefault|Localhost|localhostProfile|p\/a\.json|null|~|true|[{}"\s,:]/g;

function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (const c of whole) if (c === part[at]) at++;
  return at === part.length;
}

it('a manifest says what was asked for and nothing else, and keeps its comments, however it is written', () => {
  fc.assert(
    fc.property(manifest, request, choices, (value, asked, choose) => {
      check(writeYaml(value, choose), 'x.yaml', value, asked);
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

it('so does one in JSON', () => {
  fc.assert(
    fc.property(manifest, request, fc.boolean(), (value, asked, isLong) => {
      check(isLong ? writeIndentedJson(value) : writeJson(value), 'x.json', value, asked);
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

/** What means something to YAML, JSON or callgate, at a place where nobody expects it. */
const SPLINTERS = [
  ...'{}[]:,-#&*!|>"\'%@`? \n\t\r\0',
  '\n---\n',
  '<<: *a',
  '&a ',
  '*a',
  '{{ x }}',
  'containers:',
  'securityContext: ',
  '\u202e',
  '\ud800',
];

it('a broken text is told, or changed all the same, and nothing is thrown', () => {
  const splinter = fc.tuple(fc.nat(), fc.constantFrom(...SPLINTERS), fc.nat(3));
  fc.assert(
    fc.property(
      manifest,
      request,
      choices,
      fc.array(splinter, { minLength: 1, maxLength: 6 }),
      (value, asked, choose, all) => {
        const text = all.reduce(
          (at, [place, put, gone]) => {
            const start = place % (at.length + 1);
            return at.slice(0, start) + put + at.slice(start + gone);
          },
          writeYaml(value, choose),
        );
        const done = secure({ name: 'x.yaml', text }, asked);
        if (done.kind === 'secured')
          expect(secure({ name: 'x.yaml', text: done.text }, asked)).toMatchObject({
            text: done.text,
            objects: [],
          });
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
});
