import type { Span } from '@callgate/engine/internal/diagnostics/span';
import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { printable } from '@callgate/engine/internal/report/words';
import { quote } from '@callgate/engine/internal/source/tree';
import type { ApiFault } from './api-fault.ts';
import { type KubeObject, metadataTexts } from './kube-object.ts';
import { LEVELS, type Level, type StandardsVersion, standardsVersion } from './standards.ts';

const PREFIX = 'pod-security.kubernetes.io/';
const MODES = ['enforce', 'audit', 'warn'] as const;
type Mode = (typeof MODES)[number];
const KEYS: readonly string[] = MODES.flatMap((mode) => [mode, `${mode}-version`]);

/** What a namespace demands of its pods. */
export interface Demand {
  readonly level: Level;
  readonly version: StandardsVersion;
}

/** A namespace with its labels of Pod Security. */
export interface Namespace {
  readonly name: string;
  readonly demands: Readonly<Partial<Record<Mode, Demand>>>;
  readonly faults: readonly ApiFault[];
}

/** Reads the labels of a namespace; undefined for other objects. */
export function readNamespace(object: KubeObject): Namespace | undefined {
  if (object.kind !== 'Namespace' || object.group !== '') return undefined;
  const metadata = object.tree.entries.find(({ key }) => key === 'metadata')?.value;
  const labels = metadataTexts(metadata, 'labels').filter(({ key }) => key.startsWith(PREFIX));
  const faults = labels.flatMap(
    ({ key, value, keySpan, span }) => labelFault(key.slice(PREFIX.length), value, keySpan, span) ?? [],
  );
  const values = new Map(labels.map(({ key, value }) => [key.slice(PREFIX.length), value]));
  const demands = Object.fromEntries(
    MODES.flatMap((mode) => {
      const level = LEVELS.find((known) => known === values.get(mode));
      return level
        ? [[mode, { level, version: standardsVersion(values.get(`${mode}-version`)) ?? 'latest' }]]
        : [];
    }),
  );
  return { name: object.name, demands, faults };
}

function labelFault(key: string, value: string, keySpan: Span, span: Span): ApiFault | undefined {
  if (!KEYS.includes(key)) return unknownKey(key, keySpan);
  const isVersion = key.endsWith('-version');
  if (isVersion ? standardsVersion(value) !== undefined : (LEVELS as readonly string[]).includes(value))
    return undefined;
  const meant = isVersion ? `v${value}` : suggest(value, LEVELS);
  const isMeant = isVersion ? standardsVersion(meant) !== undefined : meant !== undefined;
  return {
    code: 'namespace-label',
    fate: 'refused',
    said: `metadata.labels[${PREFIX}${key}]: Invalid value: ${quote(value)}: must be ${isVersion ? '"latest" or "v1.x"' : `one of ${LEVELS.join(', ')}`}`,
    meaning: 'the API server refuses the namespace',
    span,
    fix: isMeant ? `write ${meant}` : undefined,
  };
}

function unknownKey(key: string, span: Span): ApiFault {
  const meant = suggest(key, KEYS);
  return {
    code: 'namespace-label',
    fate: 'warned',
    said: `Pod Security knows no label ${PREFIX}${printable(key)}`,
    meaning: 'it is taken without a word and demands nothing',
    span,
    fix: meant && `write ${PREFIX}${meant}`,
  };
}
