import type { Image } from './image.ts';

/** One topic of calls.c under one C library: what it called itself; of "start" all, of others what came on top of that. */
export interface TopicRuns {
  readonly topic: string;
  readonly runs: readonly (readonly string[])[];
}

/** The file that a build makes, of those that build() makes. */
export type Build = 'glibc' | 'musl';

/** Builds calls.c, and an empty program without libpthread, against both C libraries of an image. */
export async function build(image: Image): Promise<void> {
  const compile = (build: Build, command: string) => `
    mkdir -p /work/${image.suite}-${build}; cd /work/${image.suite}-${build}
    ${command} -w -o calls /work/calls.c -ldl -lpthread -lrt
    echo 'int tiny;' | ${command} -shared -fPIC -o tiny.so -x c -
    echo 'int main(void) { return 0; }' | ${command} -o empty -x c -`;
  await image.run(compile('glibc', 'gcc') + compile('musl', 'musl-gcc'));
}

/** What a build does in an image: its own or, to tell a libc from what is built into programs, another image's. */
export async function recordTopics(
  image: Image,
  builtIn: string,
  build: Build,
  runs: number,
): Promise<TopicRuns[]> {
  const program = `/work/${builtIn}-${build}/calls`;
  // system() and popen() start a shell: here one with the same libc, which does nothing.
  const shell = `mount --bind ${program} "$(readlink -f /bin/sh)"`;
  return JSON.parse(
    await image.run(`${shell}; /callgate-node /callgate/scripts/libc/topics.mjs ${program} ${runs}`),
  );
}
