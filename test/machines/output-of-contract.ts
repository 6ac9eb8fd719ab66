import type { Readable } from 'node:stream';
import { readFindings } from './contract/finding.ts';

/** Collects what a machine prints, and tells of each finding when it comes; what was printed so far is given back. */
export function collected(stream: Readable, say: (text: string) => void): () => string {
  let text = '';
  let told = 0;
  stream.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    if (!part.includes('\n')) return;
    const findings = readFindings(text.slice(0, text.lastIndexOf('\n')));
    for (const { area, is } of findings.slice(told)) say(`${area} is ${is}`);
    told = findings.length;
  });
  return () => text;
}
