/** A JSON Schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** The draft that the JSON editor of VS Code and the YAML language server both support as a whole. */
export const DRAFT = 'http://json-schema.org/draft-07/schema#';

/** Keywords that no draft has and that both editors read. */
export const EDITOR_KEYWORDS = ['enumDescriptions', 'errorMessage'];

/** One of a few words. The editor says what each means, and `fault` where another one stands. */
export function oneOf(meanings: ReadonlyMap<string, string>, fault: string): Schema {
  const described = { enum: [...meanings.keys()], enumDescriptions: [...meanings.values()] };
  return { type: 'string', ...described, errorMessage: fault };
}

/** The same for words that need no explanation. */
export function oneOfWords(words: readonly string[], fault: string): Schema {
  return { type: 'string', enum: words, errorMessage: fault };
}

export function arrayOf(items: Schema): Schema {
  return { type: 'array', items };
}

/** An object with no other keys. Runtimes take null for a key that is not there, so it may stand for all but the required. */
export function objectOf<K extends string>(
  keys: Readonly<Record<K, Schema>>,
  required: readonly K[],
  more: Schema = {},
): Schema {
  const properties = Object.fromEntries(
    Object.entries<Schema>(keys).map(([key, schema]) => [
      key,
      required.some((name) => name === key) ? schema : orNull(schema),
    ]),
  );
  return { type: 'object', properties, required, additionalProperties: false, ...more };
}

function orNull({ description, ...schema }: Schema): Schema {
  const isPlain = typeof schema.type === 'string' && schema.enum === undefined;
  const either = isPlain ? { ...schema, type: [schema.type, 'null'] } : { anyOf: [schema, { type: 'null' }] };
  return { description, ...either };
}
