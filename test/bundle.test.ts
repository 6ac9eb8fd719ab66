import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';

const PACKAGES = join(import.meta.dirname, '../packages');
/** Bytes, gzipped: what a page has to load. */
const LIMITS = {
  'engine/src/index': 100_000,
  'engine/src/bpf': 15_000,
  'engine/src/build': 70_000,
  'engine/src/logs': 100_000,
  'engine/src/report': 100_000,
  'engine/src/stock': 20_000,
  'workload/src/index': 215_000,
} as const;

/** A face as one script for a browser; a module of Node's is an error. */
async function bundled(face: string): Promise<string> {
  const problems: string[] = [];
  const bundle = await rolldown({
    input: join(PACKAGES, `${face}.ts`),
    platform: 'browser',
    resolve: { conditionNames: ['@callgate/source', 'browser', 'import', 'default'] },
    onLog: (_, log) => problems.push(log.message),
  });
  const { output } = await bundle.generate({ format: 'iife', name: 'face', minify: true });
  expect(problems).toEqual([]);
  expect(output).toHaveLength(1);
  expect(output[0].imports).toEqual([]);
  return output[0].code;
}

/** Only what JavaScript itself has: no console, no timers, no text encoder, no process. */
function evaluate(code: string, expression: string): unknown {
  const context = createContext({});
  runInContext(code, context);
  return runInContext(expression, context);
}

describe('in a browser', () => {
  it.each(Object.entries(LIMITS))('the face %s takes at most %i bytes, gzipped', async (face, limit) => {
    const code = await bundled(face);
    const size = gzipSync(code).length;
    console.log(`${face}: ${(code.length / 1000).toFixed(0)} kB, ${(size / 1000).toFixed(1)} kB gzipped`);
    expect(size).toBeLessThanOrEqual(limit);
    expect(evaluate(code, 'Object.keys(face).length')).toBeGreaterThan(0);
  });

  it('a profile is read, compiled and explained with nothing but JavaScript', async () => {
    const program = `(() => {
      const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
      const { value: profile } = face.parseProfile('defaultAction: SCMP_ACT_ERRNO');
      const { value: policy } = face.lowerProfile(profile, target);
      const verdict = face.explainCall(policy, face.callOf(face.askedCall('mkdir', [], policy.abis[0])));
      return face.compilePolicy(policy).kind + ' ' + verdict.action;
    })()`;
    expect(evaluate(await bundled('engine/src/index'), program)).toBe('proved ERRNO');
  });

  it('a manifest is audited with nothing but JavaScript', async () => {
    const program = `(() => {
      const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
      const auditor = new face.Auditor({ node: face.USUAL_NODE, target, defaults: {}, podSecurity: 'latest' });
      const text = 'apiVersion: v1\\nkind: Pod\\nmetadata: {name: p}\\nspec: {containers: [{name: c, image: i}]}';
      for (const piece of face.documentsOf(text)) auditor.add('pod.yaml', piece);
      return auditor.end().containers.map(({ effective }) => effective.type).join();
    })()`;
    expect(evaluate(await bundled('workload/src/index'), program)).toBe('Unconfined');
  });
});
