import type { Value } from '@callgate/engine/internal/source/edit';
import { expect } from 'vitest';
import type { PatchOperation } from '../../src/secure/json-patch.ts';

/** Applies a patch of RFC 6902, of the operations that callgate writes. */
export function applyPatch(value: Value, operations: readonly PatchOperation[]): Value {
  return operations.reduce((at, operation) => apply(at, parts(operation.path), operation), value);
}

function parts(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function apply(value: Value, [step, ...rest]: readonly string[], operation: PatchOperation): Value {
  if (value === null || typeof value !== 'object') throw new Error(`${operation.path} leads nowhere`);
  const entries = Object.entries(value);
  const place = entries.findIndex(([key]) => key === step);
  if (place < 0 && !(operation.op === 'add' && rest.length === 0))
    throw new Error(`${operation.path} leads nowhere`);
  if (rest.length > 0) entries[place] = [step, apply(entries[place][1], rest, operation)];
  else if (operation.op === 'remove') entries.splice(place, 1);
  else if (operation.op === 'test') expect(entries[place][1]).toEqual(operation.value);
  else if (Array.isArray(value) && operation.op === 'add')
    entries.splice(Number(step), 0, [step, operation.value]);
  else entries.splice(place < 0 ? entries.length : place, 1, [step, operation.value]);
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}
