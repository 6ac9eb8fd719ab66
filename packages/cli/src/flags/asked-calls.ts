import type { Asked } from '@callgate/engine/internal/edit/amend';
import { NotUnderstood, parseAskedCalls } from '@callgate/engine/internal/edit/asked-calls';
import { CliFailure } from '../context.ts';

/** Calls as people ask for them, to pass or not to; or a failure that says how they are written. */
export function callsAsked(text: string, kind: Asked['kind']): Asked {
  return { ...understood(text), kind };
}

function understood(text: string) {
  try {
    return parseAskedCalls(text);
  } catch (fault) {
    throw fault instanceof NotUnderstood ? new CliFailure(fault.message) : fault;
  }
}
