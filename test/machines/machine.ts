import type { Area, Finding } from './contract/finding.ts';
import type { Product } from './payload.ts';

/** A kind of computer that people have, on which the contract is run. */
export interface Machine {
  /** As it is named on the command line and in the table, such as linux-5.10. */
  readonly name: string;
  /** What the first run fetches, and how long one takes here: a rough figure for people who wait. */
  readonly cost: string;
  /** What it is asked for, where that is not what most are. */
  readonly areas?: readonly Area[];
  /** Runs the contract; `say` tells what is being done. Throws NotHere where it cannot be run at all. */
  run(product: Product, say: (text: string) => void): Promise<readonly Finding[]>;
}

/** The machine cannot be had here, and why. */
export class NotHere extends Error {}
