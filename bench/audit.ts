/**
 * How long `callgate audit` takes for ten thousand manifests that come in one stream, in starts of Node (`node -e 0`), and how much
 * memory beside that for a thousand: documents are let go, what was found of them is kept.
 *   npx tsx bench/audit.ts [MANIFESTS]        taskset -c 0,1 holds it to two cores
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const most = Number(process.argv[2] ?? 10_000);
const bin = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
const folder = mkdtempSync(join(tmpdir(), 'callgate-audit-'));

const manifest = (i: number) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web-${i}, namespace: ns-${i % 50}, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
      - name: init
        image: example.test/app:1
      containers:
      - name: app
        image: example.test/app:1
        ports: [{containerPort: 80}]
        env:
        - name: A
          value: "b"
        resources: {limits: {memory: 32Mi}}
        securityContext:
          allowPrivilegeEscalation: false
          capabilities: {drop: [ALL]}
          seccompProfile:
            type: RuntimeDefault
---
`;

/** The seconds of an audit, and the most memory that it had, in MB. */
function audit(count: number): { readonly seconds: number; readonly memory: number } {
  const stream = join(folder, 'manifests.yaml');
  writeFileSync(stream, Array.from({ length: count }, (_, i) => manifest(i)).join(''));
  const peak = join(folder, 'peak');
  const hook = join(folder, 'peak.cjs');
  const write = `require('node:fs').writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS))`;
  writeFileSync(hook, `process.on('exit', () => ${write});`);
  const input = readFileSync(stream);
  const before = performance.now();
  spawnSync(process.execPath, ['--require', hook, bin, 'audit', '-', '-q'], { input });
  return { seconds: (performance.now() - before) / 1000, memory: Number(readFileSync(peak, 'utf8')) / 1000 };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
try {
  const empty = median(
    Array.from({ length: 9 }, () => {
      const before = performance.now();
      spawnSync(process.execPath, ['-e', '0']);
      return (performance.now() - before) / 1000;
    }),
  );
  const few = audit(most / 10);
  const all = audit(most);
  const starts = (all.seconds / empty).toFixed(0);
  console.log(`${most} manifests in one stream: ${all.seconds.toFixed(1)} s, ${starts} × node -e 0`);
  console.log(
    `memory: ${all.memory.toFixed(0)} MB, ${(all.memory / few.memory).toFixed(2)} × that for ${most / 10}`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
