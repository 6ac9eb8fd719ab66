import { printable } from '@callgate/engine/internal/report/words';
import { lineMap } from '@callgate/engine/internal/source/line-map';
import { faultOfLocalhostProfile, type SecureRequest } from '@callgate/workload/internal/secure/request';
import { type PlacedNotice, type Secured, secure } from '@callgate/workload/internal/secure/secure';
import { CliFailure, type Context, InputFaults } from '../context.ts';
import { located } from './faults.ts';
import { readText } from './read-text.ts';

/** A file, and what it is after what was asked. */
export interface SecuredFile {
  readonly name: string;
  readonly before: string;
  readonly secured: Extract<Secured, { readonly kind: 'secured' }>;
}

/** Changes what the files say; nothing is written. Ends the verb where a file cannot be read, or cannot be changed so. */
export async function securedFiles(
  context: Context,
  names: readonly string[],
  request: SecureRequest,
): Promise<SecuredFile[]> {
  const files: SecuredFile[] = [];
  for (const name of names) {
    const before = await readText(context, name);
    const secured = secure({ name, text: before }, request);
    if (secured.kind === 'faulty') throw new InputFaults(located(secured.diagnostics, name, before), before);
    if (secured.kind === 'refused') {
      const { line, column } = lineMap(before)(secured.span.start);
      throw new CliFailure(
        `${printable(name)}:${line}:${column}: ${secured.object} is written so that no edit of the text does this alone (anchors, merge keys); nothing was written`,
      );
    }
    files.push({ name, before, secured });
  }
  expectUsable(files, request);
  return files;
}

function expectUsable(files: readonly SecuredFile[], { profile, containers }: SecureRequest): void {
  const fault = profile === undefined ? undefined : faultOfLocalhostProfile(profile);
  const isOfCluster = files.some(({ secured }) => !secured.isCompose && secured.count > 0);
  if (fault !== undefined && (isOfCluster || profile === ''))
    throw new CliFailure(`--profile "${printable(profile!)}": no path that Kubernetes takes: ${fault}`);
  const named = new Set(files.flatMap(({ secured }) => secured.named));
  const missing = containers?.find((name) => !named.has(name));
  if (missing !== undefined) throw new CliFailure(`no container or service is named "${printable(missing)}"`);
}

/** Notices, a line each, with their places. */
export function noticeLines({ name, before, secured }: SecuredFile): string[] {
  const position = lineMap(before);
  return secured.notices.map(({ span, object, message, remedy }) => {
    const { line, column } = position(span.start);
    const advice = remedy === undefined ? '' : `; ${REMEDIES[remedy]}`;
    return `${printable(name)}:${line}:${column}: ${object}: ${message}${advice}`;
  });
}

const REMEDIES: Readonly<Record<NonNullable<PlacedNotice['remedy']>, string>> = {
  'replace-unconfined': '--replace-unconfined changes it',
  'name-container': '--container NAME changes it',
};

/** What was changed in a file, and what should be known, for --json. */
export function fileDocument({ name, before, secured }: SecuredFile): object {
  const position = lineMap(before);
  return {
    file: name,
    changed: secured.text !== before,
    objects: secured.objects.map(({ object, changes }) => ({
      ...object,
      changes: changes.map(({ kind, path, ...change }) => ({
        op: kind,
        path,
        ...('value' in change && { value: change.value }),
      })),
    })),
    notices: secured.notices.map(({ span, object, message, remedy }) => ({
      object,
      message,
      ...position(span.start),
      ...(remedy !== undefined && { remedy: REMEDIES[remedy] }),
    })),
  };
}
