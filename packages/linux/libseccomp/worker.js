/**
 * Has the libseccomp of this machine make a filter. It may hang, so it is a process of its own, which its parent kills.
 * Takes a LibraryPlan (../src/libseccomp.ts) as JSON on stdin; writes one line of JSON: the bytes as base64, or what
 * failed. Plain JavaScript, because it must run from a checkout that has not been built.
 */
import { closeSync, fstatSync, readFileSync, readSync, writeSync } from 'node:fs';
import koffi from 'koffi';

const NAMES = ['libseccomp.so.2', 'libseccomp.so'];
/** enum scmp_filter_attr */
const CTL_NNP = 3;
const CTL_TSYNC = 4;
const CTL_OPTIMIZE = 8;
const EEXIST = 17;
const NO_SUCH_NAME = -1;

function load() {
  for (const name of NAMES) {
    try {
      return koffi.load(name);
    } catch {
      // The next name.
    }
  }
  return undefined;
}

/** @param {unknown} result */
function answer(result) {
  writeSync(1, `${JSON.stringify(result)}\n`);
  process.exit(0);
}

const library = load();
if (!library) answer({ missing: true });

koffi.struct('scmp_arg_cmp', { arg: 'uint32', op: 'int', datum_a: 'uint64', datum_b: 'uint64' });
koffi.struct('scmp_version', { major: 'uint32', minor: 'uint32', micro: 'uint32' });
const version = library.func('const scmp_version *seccomp_version()');
const init = library.func('void *seccomp_init(uint32)');
const archAdd = library.func('int seccomp_arch_add(void *, uint32)');
const archRemove = library.func('int seccomp_arch_remove(void *, uint32)');
const archResolve = library.func('uint32 seccomp_arch_resolve_name(const char *)');
const attributeSet = library.func('int seccomp_attr_set(void *, int, uint32)');
const resolveName = library.func('int seccomp_syscall_resolve_name(const char *)');
const resolveNameOn = library.func('int seccomp_syscall_resolve_name_arch(uint32, const char *)');
const ruleAdd = library.func('int seccomp_rule_add_array(void *, uint32, int, uint32, const scmp_arg_cmp *)');
const exportBpf = library.func('int seccomp_export_bpf(void *, int)');

const plan = JSON.parse(readFileSync(0, 'utf8'));
const { major, minor, micro } = koffi.decode(version(), 'scmp_version');
const release = `${major}.${minor}.${micro}`;

/** The names of the plan that this library does not know on an architecture, as `ABI NAME`. */
function lacking() {
  const names = [...new Set(plan.calls.map((call) => call.name))];
  return plan.architectures.flatMap((architecture) => {
    const token = archResolve(architecture);
    return names.filter((name) => resolveNameOn(token, name) < 0).map((name) => `${architecture} ${name}`);
  });
}

/** @param {number} errno @param {string} step @param {number} [call] */
function failed(errno, step, call) {
  answer({ release, failed: { errno: -errno, step, call } });
}

const context = init(plan.defaultWord);
if (!context) failed(-22, 'seccomp_init');
attributeSet(context, CTL_TSYNC, 1);
attributeSet(context, CTL_NNP, 0);
if (plan.foreign) archRemove(context, 0);
for (const name of plan.architectures) {
  const token = archResolve(name);
  const status = token === 0 ? -22 : archAdd(context, token);
  if (status < 0 && status !== -EEXIST) failed(status, `seccomp_arch_add ${name}`);
}
if (plan.optimize > 1) attributeSet(context, CTL_OPTIMIZE, plan.optimize);
plan.calls.forEach((call, i) => {
  const nr = resolveName(call.name);
  if (nr === NO_SUCH_NAME) return;
  const conditions = call.conditions.map(([arg, op, a, b]) => ({
    arg,
    op,
    datum_a: BigInt(a),
    datum_b: BigInt(b),
  }));
  const status = ruleAdd(
    context,
    call.word,
    nr,
    conditions.length,
    conditions.length > 0 ? conditions : null,
  );
  if (status < 0) failed(status, 'seccomp_rule_add', i);
});

const fd = koffi.load(null).func('int memfd_create(const char *, uint32)')('callgate', 0);
const status = exportBpf(context, fd);
if (status < 0) failed(status, 'seccomp_export_bpf');
const bytes = Buffer.alloc(fstatSync(fd).size);
readSync(fd, bytes, 0, bytes.length, 0);
closeSync(fd);
answer({ release, lacking: lacking(), bytes: bytes.toString('base64') });
