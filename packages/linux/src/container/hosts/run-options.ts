import { ContainerRefused } from '../container-host.ts';

/**
 * Options of "run" as somebody gave them, without those that callgate takes care of itself. A seccomp option of their own is
 * refused, as it would take the place of the profile that is asked about. Throws ContainerRefused.
 */
export function givenOptions(options: readonly string[]): string[] {
  const values = options.flatMap((option, i) =>
    option === '--security-opt'
      ? [options[i + 1] ?? '']
      : option.startsWith('--security-opt=')
        ? [option.slice(15)]
        : [],
  );
  const own = values.find((value) => /^seccomp\s*[=:]/.test(value));
  if (own !== undefined)
    throw new ContainerRefused(
      `the options say --security-opt ${own}: leave it out, the profile is given by itself`,
    );
  return options.filter((option) => !LEFT_OUT.includes(option));
}

/** How it is started, and when it is removed, is not theirs to say. */
const LEFT_OUT = ['--rm', '--rm=true', '-d', '--detach', '--detach=true'];
