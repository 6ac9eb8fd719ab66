import { parseRecording, type Recording } from '@callgate/engine/recording/recording';
import { formatDiagnostic, locate } from '@callgate/engine/report/diagnostics';
import { printable } from '@callgate/engine/report/words';
import { CliFailure, type Context } from '../context.ts';
import { readText } from './read-text.ts';

/** A recording that callgate record wrote. */
export async function readRecording(context: Context, file: string): Promise<Recording> {
  return recordingIn(printable(file), await readText(context, file));
}

/** The recording in a file's text. */
export function recordingIn(name: string, text: string): Recording {
  const { value, diagnostics } = parseRecording(text);
  if (value) return value;
  throw new CliFailure(formatDiagnostic(locate(diagnostics, name, text)[0]));
}
