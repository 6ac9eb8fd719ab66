import type { Profile } from '../../profile/profile.ts';
import type { Runtime } from '../target.ts';
import { containerd } from './containerd.ts';
import { crun } from './crun.ts';
import type { Dialect } from './dialect.ts';
import { docker } from './docker.ts';
import { podman } from './podman.ts';
import { runc } from './runc.ts';
import { strict } from './strict.ts';

/** The dialect of a runtime; without one, that of the runtime whose form the document has. */
export function dialectFor(profile: Profile, runtime: Runtime | undefined): Dialect {
  const release = runtime?.release;
  switch (runtime?.name ?? defaultRuntime(profile)) {
    case 'runc':
      return runc(release);
    case 'crun':
      return crun;
    case 'containerd':
      return containerd();
    case 'docker':
      return docker(release);
    case 'podman':
      return podman;
    case 'crio':
      return { ...podman, name: 'crio' };
    case 'strict':
      return { ...strict(profile.form), sharesMultiplexers: runtime?.sharesMultiplexers ?? false };
  }
}

function defaultRuntime({ form }: Profile) {
  return form === 'oci' ? 'runc' : form;
}

/** Whether a runtime reads only keys in the right case: Go's JSON reader, which all others use, does not mind. */
export function readsExactKeys(runtime: Runtime | undefined): boolean {
  return runtime?.name === 'crun' && runtime.behind === undefined;
}
