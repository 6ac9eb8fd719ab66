import { printable } from '@callgate/engine/internal/report/words';
import { objectAt, valueAt } from '@callgate/workload/internal/documents/lookup';
import { readDocument } from '@callgate/workload/internal/documents/read-document';
import { CliFailure, type Context } from '../context.ts';
import { expectValue } from './faults.ts';
import { readText } from './read-text.ts';

/** Whether the configuration of a kubelet sets seccompDefault: its file, or what its configz says. */
export async function kubeletHasDefault(context: Context, name: string): Promise<boolean> {
  const text = await readText(context, name);
  const { tree, faults } = readDocument(text);
  const config = expectValue({ value: tree, diagnostics: faults }, name, text);
  const settings = objectAt(config, 'kubeletconfig') ?? config;
  if (settings.kind !== 'object') throw new CliFailure(`${printable(name)} is no configuration of a kubelet`);
  const value = valueAt(settings, 'seccompDefault');
  return value?.kind === 'boolean' && value.value;
}
