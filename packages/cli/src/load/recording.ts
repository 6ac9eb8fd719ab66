import { parseRecording, type Recording } from '@callgate/engine/internal/recording/recording';
import { printable } from '@callgate/engine/internal/report/words';
import type { Context } from '../context.ts';
import { expectValue } from './faults.ts';
import { readText } from './read-text.ts';

/** A recording that callgate record wrote. */
export async function readRecording(context: Context, file: string): Promise<Recording> {
  return recordingIn(printable(file), await readText(context, file));
}

/** The recording in a file's text. */
export function recordingIn(name: string, text: string): Recording {
  return expectValue(parseRecording(text), name, text);
}
