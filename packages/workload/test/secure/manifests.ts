import type { Value } from '@callgate/engine/internal/source/edit';
import fc from 'fast-check';

/** Chooses how to write things, from a stream of numbers. */
export type Choose = (many: number) => number;

export const choices = fc.infiniteStream(fc.nat()).map((stream): Choose => {
  const numbers = stream[Symbol.iterator]();
  return (many) => numbers.next().value % many;
});

type Plain = { readonly [key: string]: Value };

const profile = fc.constantFrom<Value>(
  null,
  { type: 'RuntimeDefault' },
  { type: 'Unconfined' },
  { type: 'Localhost', localhostProfile: 'p/a.json' },
);
/** An object with some of these keys. */
const some = (keys: { readonly [key: string]: fc.Arbitrary<Value> }): fc.Arbitrary<Plain> =>
  fc.record(keys, { requiredKeys: [] }) as fc.Arbitrary<Plain>;
const context = (more: { readonly [key: string]: fc.Arbitrary<Value> }): fc.Arbitrary<Value> =>
  fc.oneof(
    fc.constant<Value>(null),
    some({ runAsUser: fc.constantFrom<Value>(0n, 1000n), seccompProfile: profile, ...more }),
  );
const container = (name: string) =>
  fc
    .tuple(
      fc.constant<Plain>({ name, image: `example.test/${name}:1` }),
      some({
        args: fc.constantFrom<Value>(['-c', 'a: b\n# no comment\n\nc\n'], ['{{ x }}', "it's", '# no'], []),
        command: fc.constant<Value>('a\n  b\nc\n'),
        securityContext: context({
          privileged: fc.boolean(),
          allowPrivilegeEscalation: fc.boolean(),
          capabilities: fc.constantFrom<Value>({ drop: ['ALL'] }, { add: ['SYS_ADMIN'] }, null),
        }),
        resources: fc.constant<Value>({}),
      }),
    )
    .map(([first, rest]): Value => ({ ...first, ...rest }));

const podSpec = fc
  .tuple(
    some({ restartPolicy: fc.constant<Value>('Always'), securityContext: context({}) }),
    fc.tuple(container('app'), container('side')).map((all) => all),
    fc.option(container('init'), { nil: undefined }),
    some({ volumes: fc.constant<Value>([{ name: 'x', emptyDir: {} }]) }),
  )
  .map(
    ([before, containers, init, after]): Value => ({
      ...before,
      containers,
      ...(init !== undefined && { initContainers: [init] }),
      ...after,
    }),
  );

/** A workload of some kind. Its order of keys is as random as its rest. */
export const manifest: fc.Arbitrary<Plain> = fc
  .tuple(fc.constantFrom('Pod', 'Deployment', 'CronJob', 'Rollout', 'List'), podSpec, podSpec, fc.boolean())
  .map(([kind, spec, other, isNamespaced]): Plain => {
    const metadata = { name: 'web', ...(isNamespaced && { namespace: 'shop' }) };
    const template = { metadata: { labels: { app: 'web' } }, spec };
    switch (kind) {
      case 'Pod':
        return { apiVersion: 'v1', kind, metadata, spec };
      case 'CronJob':
        return {
          apiVersion: 'batch/v1',
          kind,
          metadata,
          spec: { schedule: '0 3 * * *', jobTemplate: { spec: { template } } },
        };
      case 'List':
        return {
          apiVersion: 'v1',
          kind,
          items: [
            { apiVersion: 'v1', kind: 'Pod', metadata, spec },
            { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'other' }, spec: other },
          ],
        };
      default:
        return {
          apiVersion: kind === 'Rollout' ? 'argoproj.io/v1alpha1' : 'apps/v1',
          kind,
          metadata,
          spec: { selector: { matchLabels: { app: 'web' } }, template },
        };
    }
  });

/** The same on paper: block or flow, lists further in or not, with comments, blank lines and block scalars. */
export function writeYaml(value: Value, choose: Choose): string {
  const step = [2, 4, 3][choose(3)];
  const writer = new Writer(choose, ' '.repeat(step), choose(2) === 0 ? '' : ' '.repeat(step), choose(4));
  const lines = writer.block(value, '');
  const newline = ['\n', '\n', '\r\n'][choose(3)];
  return lines.join(newline) + ['', newline, newline + newline][choose(3)];
}

class Writer {
  private readonly choose: Choose;
  private readonly step: string;
  private readonly dash: string;
  /** How much is written between brackets. */
  private readonly flowiness: number;
  private comments = 0;

  constructor(choose: Choose, step: string, dash: string, flowiness: number) {
    this.choose = choose;
    this.step = step;
    this.dash = dash;
    this.flowiness = flowiness;
  }

  block(value: Value, indent: string): string[] {
    if (Array.isArray(value))
      return value.flatMap((item) => {
        const lines = this.between(indent);
        if (!isBlock(item) || this.isFlow())
          return [...lines, `${indent}- ${this.flow(item)}${this.trailing()}`];
        const [first, ...rest] = this.block(item, `${indent}  `);
        // What stands behind the dash must be the first key.
        return first.trimStart().startsWith('#') || first.trim() === ''
          ? [...lines, `${indent}-`, first, ...rest]
          : [...lines, `${indent}- ${first.trimStart()}`, ...rest];
      });
    return Object.entries(value as Plain).flatMap(([key, item]) => {
      const lines = this.between(indent);
      const name = this.choose(8) === 0 ? JSON.stringify(key) : key;
      if (typeof item === 'string' && item.endsWith('\n') && this.choose(3) > 0)
        return [
          ...lines,
          `${indent}${name}: |`,
          ...item
            .trimEnd()
            .split('\n')
            .map((l) => (l ? `${indent}${this.step}${l}` : '')),
        ];
      if (item === null && this.choose(2) === 0) return [...lines, `${indent}${name}:${this.trailing()}`];
      if (!isBlock(item) || this.isFlow())
        return [...lines, `${indent}${name}: ${this.flow(item)}${this.trailing()}`];
      const inner = indent + (Array.isArray(item) ? this.dash : this.step);
      const below =
        this.choose(6) === 0 && !endsInScalar(item) ? [`${indent}${this.step}  # ${this.comments++}`] : [];
      return [...lines, `${indent}${name}:${this.trailing()}`, ...this.block(item, inner), ...below];
    });
  }

  private flow(value: Value): string {
    const gap = ['', ' '][this.choose(2)];
    if (value === null) return ['null', '~'][this.choose(2)];
    if (typeof value !== 'object') return typeof value === 'string' ? this.word(value) : value.toString();
    const parts = Array.isArray(value)
      ? value.map((item) => this.flow(item))
      : Object.entries(value).map(([key, item]) => `${key}: ${this.flow(item)}`);
    const [open, close] = Array.isArray(value) ? '[]' : '{}';
    return parts.length === 0 ? open + close : `${open}${gap}${parts.join(', ')}${gap}${close}`;
  }

  private word(text: string): string {
    const isPlain = /^[A-Za-z][\w./]*$/.test(text);
    return isPlain && this.choose(4) > 0 ? text : JSON.stringify(text);
  }

  private isFlow(): boolean {
    return this.choose(8) < this.flowiness;
  }

  private between(indent: string): string[] {
    const blank = this.choose(12) === 0 ? [''] : [];
    return this.choose(8) === 0 ? [...blank, `${indent}# ${this.comments++}\twith a tab`] : blank;
  }

  private trailing(): string {
    return this.choose(6) === 0 ? `  # ${this.comments++} behind` : '';
  }
}

function isBlock(value: Value): boolean {
  return value !== null && typeof value === 'object' && Object.keys(value).length > 0;
}

/** Whether what is written of it last may be a block scalar, to which a comment would belong. */
function endsInScalar(value: Value | undefined): boolean {
  if (typeof value === 'string') return value.endsWith('\n');
  return value !== null && typeof value === 'object' && endsInScalar(Object.values(value).at(-1));
}
