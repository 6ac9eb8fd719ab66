import { execFileSync } from 'node:child_process';
import type { Place } from './place.ts';

/** A runtime's program in a place, and what it says of itself. */
export interface Runtime {
  readonly name: 'runc' | 'crun';
  readonly release: string;
  readonly go?: string;
  readonly libseccomp: string;
  /** How it is called. */
  readonly command: readonly string[];
}

/**
 * What the program at a path says of itself. A runc that `go install` built as a module knows its release from the module
 * alone; crun does not tell which libseccomp it has, so the one that the loader finds for it counts.
 */
export function runtimeAt(name: 'runc' | 'crun', path: string, place: Place): Runtime {
  const said = (...command: string[]) => {
    const [program, ...args] = [...place.enter, ...command];
    return execFileSync(program!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  };
  const version = said(path, '--version');
  const build = name === 'runc' ? goBuildOf(path, place) : {};
  const release = build.release ?? /version (\d+(?:\.\d+)*(?:[~-]rc[.\d]*)?)/.exec(version)?.[1];
  const linked = /libseccomp\.so\.\d+ => (\S+)/.exec(said('ldd', path))?.[1];
  const libseccomp =
    /libseccomp: (\d+\.\d+\.\d+)/.exec(version)?.[1] ??
    /\.so\.(\d+\.\d+\.\d+)/.exec(said('readlink', '-f', linked ?? ''))?.[1];
  if (!release || !libseccomp) throw new Error(`${path} does not tell its release: ${version}`);
  const go = build.go ?? /^go: go(\S+)/m.exec(version)?.[1];
  const global = name === 'crun' ? ['--cgroup-manager=disabled'] : [];
  return {
    name,
    release: release.replace('~', '-'),
    ...(go && { go }),
    libseccomp,
    command: [path, ...global],
  };
}

/** The machine's go reads it, so the program must be seen from here. */
function goBuildOf(path: string, place: Place): { go?: string; release?: string } {
  if (place.enter.length > 0) return {};
  const text = execFileSync('go', ['version', '-m', path], { encoding: 'utf8' });
  const go = /: go(\d\S*)/.exec(text)?.[1];
  const release = /^\s+(?:mod|dep)\s+github\.com\/opencontainers\/runc\s+v(\d\S*)/m.exec(text)?.[1];
  return { go, release };
}
