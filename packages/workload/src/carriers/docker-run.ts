import type { Carrier } from './carrier.ts';
import { docker } from './docker.ts';

export const dockerRun: Carrier = {
  id: 'docker-run',
  about: 'a script with the command line of docker run, and the file beside it',
  enforcer: 'container runtime',
  write(cargo) {
    const { name } = cargo;
    const { files } = docker.write!(cargo);
    const [{ path }] = files;
    const script = `#!/bin/sh
# What is given behind the script's name goes on: the other options, the image, the command.
exec docker run --security-opt "seccomp=$(dirname -- "$0")/${path}" "$@"
`;
    return {
      files: [{ path: `${name}.sh`, content: script }, ...files],
      holder: path,
      notes: [
        `used as: sh ${name}.sh --rm IMAGE; the client reads the file, so it need not be where Docker runs`,
      ],
    };
  },
};
