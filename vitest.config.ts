import { defineConfig } from 'vitest/config';

/**
 * What only computes runs first, on both cores; what needs the machine as a whole (its kernel log, its trace points, its
 * container engines) comes after it, one file at a time.
 */
const PROJECTS = [
  { name: 'engine', include: 'packages/engine/test/**/*.test.ts', order: 0, workers: 2 },
  { name: 'workload', include: 'packages/workload/test/**/*.test.ts', order: 0, workers: 2 },
  { name: 'operator', include: 'packages/operator/test/**/*.test.ts', order: 0, workers: 2 },
  { name: 'cli', include: 'packages/cli/test/**/*.test.ts', order: 0, workers: 2 },
  { name: 'linux', include: 'packages/linux/test/**/*.test.ts', order: 1, workers: 1 },
  { name: 'workspace', include: 'test/**/*.test.ts', order: 1, workers: 1 },
];

/** Tests run from source: the condition makes workspace packages resolve to their `src`, so no build is needed. */
export default defineConfig({
  resolve: { conditions: ['@callgate/source'] },
  ssr: { resolve: { conditions: ['@callgate/source'] } },
  test: {
    testTimeout: 120_000,
    hookTimeout: 60_000,
    projects: PROJECTS.map(({ name, include, order, workers }) => ({
      extends: true as const,
      test: { name, include: [include], maxWorkers: workers, sequence: { groupOrder: order } },
    })),
  },
});
