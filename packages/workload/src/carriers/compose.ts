import type { Carrier } from './carrier.ts';
import { docker } from './docker.ts';
import { writeYaml } from './write-yaml.ts';

export const compose: Carrier = {
  id: 'compose',
  about: 'security_opt of a service in a compose file, and the file beside it',
  enforcer: 'container runtime',
  asks: {
    service: {
      about: 'the service (without it: the name)',
      form: { pattern: /^[\w][\w.-]{0,127}$/, words: 'letters, digits, "_", "." and "-"' },
    },
  },
  write(cargo) {
    const { name, answers } = cargo;
    const { files } = docker.write!(cargo);
    const [{ path }] = files;
    const document = { services: { [answers.service ?? name]: { security_opt: [`seccomp:./${path}`] } } };
    return {
      files: [{ path: `${name}.compose.yaml`, content: writeYaml(document) }, ...files],
      holder: path,
      notes: [
        `used by: docker compose -f compose.yaml -f ${name}.compose.yaml up`,
        'the file is looked for beside the first of the compose files, by docker-compose 1 in the current folder; it is read when a container is made',
      ],
    };
  },
};
