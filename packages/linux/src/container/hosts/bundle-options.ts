import { CAPABILITIES } from '@callgate/engine/internal/profile/capabilities';
import { ContainerRefused } from '../container-host.ts';

/** What somebody can say of a plain bundle, in the words of "docker run". */
export interface BundleOptions {
  readonly capabilities: readonly string[];
  readonly uid: number;
  readonly gid: number;
  readonly env: readonly string[];
  readonly noNewPrivileges: boolean;
}

/** What Docker gives to a container (moby, oci/caps/defaults.go). */
const USUAL =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The options that a bundle has a place for; throws ContainerRefused for others. */
export function bundleOptions(words: readonly string[]): BundleOptions {
  let capabilities = [...USUAL];
  let [uid, gid] = [0, 0];
  const env = [PATH];
  let noNewPrivileges = false;
  for (const [name, value] of pairs(words)) {
    switch (name) {
      case '--cap-add':
        capabilities = [...new Set([...capabilities, ...named(value)])];
        break;
      case '--cap-drop':
        capabilities = capabilities.filter((capability) => !named(value).includes(capability));
        break;
      case '--env':
      case '-e':
        env.push(value);
        break;
      case '--user':
      case '-u': {
        const [, user, group] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(value) ?? [];
        if (user === undefined)
          throw new ContainerRefused(`--user ${value}: a bundle takes numbers, as 1000:1000`);
        [uid, gid] = [Number(user), Number(group ?? 0)];
        break;
      }
      case '--security-opt':
        if (!/^no-new-privileges(=true|:true)?$/.test(value))
          throw new ContainerRefused(`a bundle has no --security-opt ${value}`);
        noNewPrivileges = true;
        break;
      case '--network':
      case '--net':
        if (value !== 'none') throw new ContainerRefused('a bundle has no network but its own loopback');
        break;
      default:
        throw new ContainerRefused(
          `runc and crun take no ${name}; a bundle has --cap-add, --cap-drop, --env, --user and --security-opt no-new-privileges`,
        );
    }
  }
  return { capabilities, uid, gid, env, noNewPrivileges };
}

/** --name value, and --name=value. */
function* pairs(words: readonly string[]): Generator<readonly [string, string]> {
  for (let i = 0; i < words.length; i++) {
    const [name, value] = words[i].split(/=(.*)/s);
    if (value !== undefined) yield [name, value];
    else yield [name, words[++i] ?? ''];
  }
}

function named(value: string): readonly string[] {
  if (value.toUpperCase() === 'ALL') return CAPABILITIES;
  const upper = value.toUpperCase();
  return [upper.startsWith('CAP_') ? upper : `CAP_${upper}`];
}
