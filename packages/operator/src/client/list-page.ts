import { ClusterFault } from './cluster-fault.ts';
import { objectOf, textOf } from './json.ts';

/** From where on a list is asked for, and how much of it at once. */
export interface ListPosition {
  /** Items of one answer, at most. */
  readonly limit?: number;
  /** What the answer before said; from the beginning without it. */
  readonly continue?: string;
}

/** A part of a list. */
export interface ListPage {
  readonly items: readonly ListItem[];
  /** There is more behind this. */
  readonly continue?: string;
}

/** An object of a cluster, as JSON has it. */
export type ListItem = Readonly<Record<string, unknown>>;

/** Characters; names of objects have 253 at most. */
const MOST_TOKEN = 8192;
/** Characters; it has 36. */
const MOST_UID = 64;

/** Reads the answer to a list. Throws ClusterFault when it is none. */
export function pageOf(answer: unknown): ListPage {
  const list = objectOf(answer);
  // Go writes null for a list that was never made.
  const items = list?.items ?? (list && 'items' in list ? [] : undefined);
  if (!Array.isArray(items) || !items.every((item) => objectOf(item)))
    throw new ClusterFault('the server answers with something else than a list of objects');
  const token = continueOf(answer);
  if (token !== undefined && token.length > MOST_TOKEN)
    throw new ClusterFault(`the server says in ${token.length} characters where the list goes on`);
  return { items, continue: token };
}

/** Where the list goes on: of a page, or of the Status that says that the snapshot of the list has expired (410). */
export function continueOf(answer: unknown): string | undefined {
  return textOf(objectOf(objectOf(answer)?.metadata)?.continue);
}

/** The number that no other object of a cluster ever has; undefined in what is no object of a cluster. */
export function uidOf(item: ListItem): string | undefined {
  const uid = textOf(objectOf(item.metadata)?.uid);
  return uid !== undefined && uid.length <= MOST_UID ? uid : undefined;
}
