import type { AskedCall } from '../analysis/asked-call.ts';
import type { Span } from '../diagnostics/span.ts';
import type { SpecEngine } from './spec-schema.ts';

/** Something that is looked at until it holds, or the time is over. */
export type Probe =
  /** A page; `status` is that of HTTP, `body` stands in it. */
  | { readonly kind: 'http'; readonly url: string; readonly status: number; readonly body?: string }
  | { readonly kind: 'tcp'; readonly port: number }
  | {
      readonly kind: 'run';
      readonly command: readonly [string, ...string[]];
      readonly exit: number;
      readonly output?: string;
    }
  /** A text in what the container writes. */
  | { readonly kind: 'log'; readonly text: string }
  /** The image's own health check. */
  | { readonly kind: 'health' }
  /** It still runs after that time. */
  | { readonly kind: 'alive'; readonly ms: number }
  /** The container ends by itself. */
  | { readonly kind: 'ends'; readonly exit: number; readonly output?: string };

/** What must work. */
export interface FunctionCheck {
  readonly name: string;
  readonly place: Span;
  readonly probe: Probe;
  readonly withinMs: number;
}

/** What must not. */
export type SecurityCheck = { readonly name: string; readonly place: Span } & (
  | { readonly kind: 'attack'; readonly attack: string }
  | { readonly kind: 'category'; readonly category: string }
  | { readonly kind: 'call'; readonly call: AskedCall; readonly expect: 'denied' | 'allowed' }
  /** Nothing passes that is denied by the default of this runtime. */
  | { readonly kind: 'default'; readonly runtime: string }
);

/** How a profile is tested. */
export interface TestSpec {
  readonly engine?: SpecEngine;
  readonly image?: string;
  readonly rootfs?: string;
  readonly profile?: string;
  readonly options: readonly string[];
  readonly entrypoint?: string;
  readonly command: readonly string[];
  readonly ready?: { readonly probe: Probe; readonly withinMs: number };
  readonly functions: readonly FunctionCheck[];
  readonly security: readonly SecurityCheck[];
}

/** How long a probe is tried again where nothing is said of it, in milliseconds. */
export const USUAL_PATIENCE_MS = 10_000;
