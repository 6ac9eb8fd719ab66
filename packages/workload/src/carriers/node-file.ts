import type { Cargo } from './carrier.ts';
import { ociText } from './oci.ts';
import { sha256 } from './sha256.ts';
import { utf8Bytes } from './utf8.ts';

/** So many digits of the digest are in a name. */
const DIGITS = 12;

/** A profile as a file of a node, under a name that changes with its content: what runs keeps the file that it began with. */
export interface NodeFile {
  readonly text: string;
  /** 64 hexadecimal digits. */
  readonly sum: string;
  /** NAME-DIGITS, for what belongs to the file. */
  readonly version: string;
  /** Below the kubelet's seccomp folder: what a pod names as localhostProfile. */
  readonly path: string;
}

/** The file of a profile in OCI's form. */
export function nodeFile(cargo: Cargo): NodeFile {
  const text = ociText(cargo);
  const sum = sha256(utf8Bytes(text));
  const version = `${cargo.name}-${sum.slice(0, DIGITS)}`;
  return { text, sum, version, path: `profiles/callgate/${version}.json` };
}
