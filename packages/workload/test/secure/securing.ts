import type { Value } from '@callgate/engine/internal/source/edit';
import { formatOf, readDocuments } from '@callgate/engine/internal/source/read';
import { expect } from 'vitest';
import { plain } from '../../src/secure/plain.ts';
import type { SecureRequest } from '../../src/secure/request.ts';
import { type Secured, secure } from '../../src/secure/secure.ts';

export type Done = Extract<Secured, { readonly kind: 'secured' }>;

/** Every document of a text, without places. */
export function valuesOf(text: string, name = 'x.yaml'): Value[] {
  const { value, diagnostics } = readDocuments(text, formatOf(text, name));
  if (!value) throw new Error(`${diagnostics[0].message} in\n${text}`);
  return value.map(plain);
}

/** Secures a text that can be; a second time changes nothing. */
export function secured(text: string, request: SecureRequest = {}, name = 'x.yaml'): Done {
  const done = secure({ name, text }, request);
  if (done.kind !== 'secured') throw new Error(JSON.stringify(done));
  const again = secure({ name, text: done.text }, request);
  expect(again).toMatchObject({ kind: 'secured', text: done.text, objects: [] });
  return done;
}

/** The messages of what should be known, each behind its object. */
export function said({ notices }: Done): string[] {
  return notices.map(({ object, message }) => `${object}: ${message}`);
}
