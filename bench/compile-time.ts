/**
 * How long a profile takes to become a filter, beside libseccomp, which is called from C as a runtime calls it: from
 * seccomp_init to the exported program. callgate: from the profile's rules to the program; the proof, which libseccomp
 * has none of, is told apart. Both warm, both medians.
 *   npx tsx -C @callgate/source bench/compile-time.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compilePolicy, compileUnproved } from '@callgate/engine/internal/compile/compile';
import { uniformWeights } from '@callgate/engine/internal/compile/weights';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { type LibraryPlan, libraryPlan } from '@callgate/engine/internal/runtime/library-plan';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import { samplePolicies } from './policies.ts';

const ROUNDS = 200;
const TARGET: Target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] };
const folder = mkdtempSync(join(tmpdir(), 'callgate-bench-'));

/** A program that makes the calls of a plan ROUNDS times, and prints the median in microseconds. */
function librarySource({ defaultWord, architectures, optimize, calls }: LibraryPlan): string {
  const rules = calls.map(({ name, word, conditions }) => {
    const args = conditions.map(([arg, op, a, b]) => `{${arg}, ${op}, ${a}ULL, ${b}ULL}`);
    return `{ const struct cmp args[] = {${args.join(', ') || '{0}'}}; int nr = seccomp_syscall_resolve_name("${name}"); if (nr != -1) seccomp_rule_add_array(ctx, ${word >>> 0}u, nr, ${args.length}, args); }`;
  });
  const abis = architectures.map((abi) => `seccomp_arch_add(ctx, seccomp_arch_resolve_name("${abi}"));`);
  return `#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
struct cmp { unsigned arg; int op; uint64_t a, b; };
void *seccomp_init(uint32_t); void seccomp_release(void *); uint32_t seccomp_arch_resolve_name(const char *);
int seccomp_arch_add(void *, uint32_t), seccomp_attr_set(void *, int, uint32_t), seccomp_syscall_resolve_name(const char *);
int seccomp_rule_add_array(void *, uint32_t, int, unsigned, const struct cmp *), seccomp_export_bpf(const void *, int);
static int ascending(const void *a, const void *b) { return *(double *)a < *(double *)b ? -1 : 1; }
int main() {
  static double times[${ROUNDS}];
  int out = open("/dev/null", O_WRONLY);
  for (int i = 0; i < ${ROUNDS}; i++) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    void *ctx = seccomp_init(${defaultWord >>> 0}u);
    seccomp_attr_set(ctx, 8, ${optimize});
    ${abis.join('\n    ')}
    ${rules.join('\n    ')}
    if (seccomp_export_bpf(ctx, out) != 0) return 1;
    seccomp_release(ctx);
    clock_gettime(CLOCK_MONOTONIC, &to);
    times[i] = (to.tv_sec - from.tv_sec) * 1e6 + (to.tv_nsec - from.tv_nsec) / 1e3;
  }
  qsort(times, ${ROUNDS}, sizeof *times, ascending);
  printf("%f\\n", times[${ROUNDS} / 2]);
}
`;
}

function libraryTime(plan: LibraryPlan): number {
  const [source, program] = [join(folder, 'plan.c'), join(folder, 'plan')];
  writeFileSync(source, librarySource(plan));
  execFileSync('gcc', ['-O1', '-w', '-o', program, source, '-l:libseccomp.so.2']);
  return Number(execFileSync(program, { encoding: 'utf8' }));
}

/** Median microseconds of a task, warm. */
function time(task: () => void): number {
  for (let i = 0; i < ROUNDS; i++) task();
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    task();
    return (performance.now() - start) * 1000;
  });
  return times.sort((a, b) => a - b)[ROUNDS >> 1];
}

console.log('policy             rules   libseccomp    callgate   ratio   and the proof   (microseconds)');
const docker = { name: 'docker’s default', profile: parseProfile(DOCKER_PROFILE).value! };
for (const { name, profile } of [...samplePolicies(), docker]) {
  const plan = libraryPlan(profile, TARGET)!;
  const library = libraryTime(plan);
  const lower = (from: Profile) => lowerProfile(from, TARGET).value!;
  const ours = time(() => {
    const policy = lower(profile);
    compileUnproved(policy, policy.endian, { weights: uniformWeights(policy), rules: policy.rules });
  });
  const proved = time(() => compilePolicy(lower(profile)));
  const columns = [
    name.padEnd(18),
    String(plan.calls.length).padStart(5),
    library.toFixed(0).padStart(12),
    ours.toFixed(0).padStart(11),
    (ours / library).toFixed(2).padStart(7),
    (proved - ours).toFixed(0).padStart(15),
  ];
  console.log(columns.join(' '));
}
rmSync(folder, { recursive: true });
