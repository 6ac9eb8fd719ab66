import { defineConfig } from 'vitest/config';

/** Tests run from source: the condition makes workspace packages resolve to their `src`, so no build is needed. */
export default defineConfig({
  resolve: { conditions: ['@callgate/source'] },
  ssr: { resolve: { conditions: ['@callgate/source'] } },
  test: {
    testTimeout: 120_000,
    hookTimeout: 60_000,
    projects: ['engine', 'linux', 'cli', 'workspace'].map((name) => ({
      extends: true as const,
      test: {
        name,
        include: [name === 'workspace' ? 'test/**/*.test.ts' : `packages/${name}/test/**/*.test.ts`],
      },
    })),
  },
});
