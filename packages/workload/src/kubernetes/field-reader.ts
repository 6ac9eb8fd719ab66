import { describe, type Entry, type Tree } from '@callgate/engine/internal/source/tree';
import type { ObjectTree } from '../documents/lookup.ts';
import type { ApiFault } from './api-fault.ts';
import { type Field, fieldOf } from './pod-site.ts';

/** What Go's JSON reader calls a value. */
const GO_KINDS: Readonly<Record<Tree['kind'], string>> = {
  object: 'object',
  array: 'array',
  string: 'string',
  number: 'number',
  boolean: 'bool',
  null: 'null',
};

/** Reads fields by the types that the API has for them; a null is an absent one. */
export class FieldReader {
  readonly faults: ApiFault[] = [];

  /** The object that a field is to be, of a type of the API such as v1.SeccompProfile. */
  object(field: Field | undefined, struct: string, type: string): ObjectTree | undefined {
    const value = this.of(field, 'object', struct, type);
    return value?.kind === 'object' ? value : undefined;
  }

  /** The boolean below a key of an object of a type. */
  boolean(tree: Tree | undefined, path: string, key: string, struct: string): boolean | undefined {
    const value = this.of(fieldOf(tree, path, key), 'boolean', struct, 'bool');
    return value?.kind === 'boolean' ? value.value : undefined;
  }

  /** The text below a key, with its place. */
  string(
    tree: Tree | undefined,
    path: string,
    key: string,
    struct: string,
    type = 'string',
  ): { readonly value: string; readonly entry: Entry } | undefined {
    const field = fieldOf(tree, path, key);
    const value = this.of(field, 'string', struct, type);
    return field && value?.kind === 'string' ? { value: value.value, entry: field.entry } : undefined;
  }

  /** The texts of the list below a key. */
  strings(tree: Tree | undefined, path: string, key: string, struct: string, type: string): Tree[] {
    const value = this.of(fieldOf(tree, path, key), 'array', struct, type);
    return value?.kind === 'array' ? value.items.filter(({ kind }) => kind === 'string') : [];
  }

  /** A list of objects. */
  list(field: Field | undefined, struct: string, type: string): void {
    this.of(field, 'array', struct, type);
  }

  /** A whole number. */
  number(field: Field | undefined, struct: string): void {
    this.of(field, 'number', struct, 'int64');
  }

  private of(field: Field | undefined, kind: Tree['kind'], struct: string, type: string): Tree | undefined {
    if (!field || field.entry.value.kind === kind) return field?.entry.value;
    const { entry, path } = field;
    const found = GO_KINDS[entry.value.kind];
    this.faults.push({
      code: 'wrong-type-of-field',
      fate: 'refused',
      said: `json: cannot unmarshal ${found} into Go struct field ${struct}.${path.replace(/\[\d+\]/g, '')} of type ${type}`,
      meaning: `${entry.key} must be ${A[kind]}, not ${describe(entry.value)}`,
      span: entry.value.span,
      fix: REMEDIES[entry.key]?.(entry.value),
    });
    return undefined;
  }
}

const A: Readonly<Record<Tree['kind'], string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
};

/** What to write instead, where it can be told from what stands there. */
const REMEDIES: Readonly<Record<string, (value: Tree) => string | undefined>> = {
  seccompProfile: (value) =>
    value.kind === 'string' ? `write seccompProfile: {type: ${plain(value.value)}}` : undefined,
  privileged: (value) => withoutQuotes('privileged', value),
  allowPrivilegeEscalation: (value) => withoutQuotes('allowPrivilegeEscalation', value),
};

function plain(type: string): string {
  return /^[A-Za-z]{1,40}$/.test(type) ? type : 'RuntimeDefault';
}

function withoutQuotes(key: string, value: Tree): string | undefined {
  return value.kind === 'string' && /^(?:true|false)$/.test(value.value)
    ? `write ${key}: ${value.value}, without quotes`
    : undefined;
}
