import { ORDINARY_FAMILIES } from './ordinary-sockets.ts';

/** A default profile in Docker's form, as far as it is looked at. */
interface StockProfile {
  readonly syscalls: readonly StockRule[];
}

interface StockRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly object[] | null;
  readonly includes?: Conditions;
  readonly excludes?: Conditions;
}

interface Conditions {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
}

/** Both machines that people have, without their 32-bit ABIs: programs for these are killed. */
const ARCHITECTURES = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'];
const DOCKERS_NAMES = ['amd64', 'arm64', 'x86_64', 'aarch64'];

/** What default profiles allow and servers can do without: looking into other processes, ways around their own checks, modules. */
const SELDOM_NEEDED = new Set([
  ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'kcmp', 'pidfd_getfd'],
  ...['name_to_handle_at', 'open_by_handle_at', 'mknod', 'mknodat', 'chroot'],
  ...['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'userfaultfd', 'vmsplice'],
  ...['fanotify_init', 'fanotify_mark', 'sethostname', 'setdomainname', 'adjtimex', 'clock_adjtime'],
  ...['personality', 'modify_ldt', 'remap_file_pages', 'sysfs', 'ustat', '_sysctl', 'uselib'],
  ...['lsm_get_self_attr', 'lsm_set_self_attr', 'lsm_list_modules', 'setns', 'unshare'],
]);

/**
 * A profile to begin with where nothing was recorded yet: the default of an engine without what only containers with more
 * capabilities get, without what servers seldom need, with sockets for the usual families alone and for 64-bit programs.
 * @param stock the text of a default profile in Docker's form, such as that of stock:docker.
 */
export function strictDefault(stock: string, comment: string): string {
  const { syscalls } = JSON.parse(stock) as StockProfile;
  const rules = syscalls.filter(isForUsualContainer).flatMap((rule) => {
    const names = rule.names.filter((name) => !SELDOM_NEEDED.has(name) && name !== 'socket');
    if (names.length === 0) return [];
    const { action, errnoRet, args } = rule;
    return [{ names, action, ...(errnoRet !== undefined && { errnoRet }), ...(args?.length && { args }) }];
  });
  const sockets = ORDINARY_FAMILIES.map((family) => ({
    names: ['socket'],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value: family, op: 'SCMP_CMP_EQ' }],
  }));
  const [first, ...others] = [...rules, ...sockets];
  return `${JSON.stringify(
    {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 1,
      architectures: ARCHITECTURES,
      syscalls: [{ comment, ...first }, ...others],
    },
    undefined,
    2,
  )}\n`;
}

function isForUsualContainer({ includes = {}, excludes = {} }: StockRule): boolean {
  const here = (arches: readonly string[] = []) => arches.some((arch) => DOCKERS_NAMES.includes(arch));
  if ((includes.caps ?? []).length > 0) return false;
  if ((includes.arches ?? []).length > 0 && !here(includes.arches)) return false;
  return !here(excludes.arches);
}
