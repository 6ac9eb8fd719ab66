import { profileDocument } from '@callgate/engine/internal/profile/stringify';
import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import type { Carrier } from './carrier.ts';
import { resolvedNotes } from './oci.ts';
import { writeYaml } from './write-yaml.ts';

export const talos: Carrier = {
  id: 'talos',
  about: "Talos's SeccompProfileConfig: a document of the machine's configuration",
  enforcer: 'container runtime',
  asks: {
    document: {
      about:
        'own: SeccompProfileConfig, since Talos 1.15; machine: a patch with machine.seccompProfiles, for all',
      usual: 'own',
      form: { pattern: /^(?:own|machine)$/, words: 'own or machine' },
    },
  },
  write(cargo) {
    const { name, profile, target, answers } = cargo;
    const file = `${name}.json`;
    const spec = profileDocument(ociForm(profile, target));
    const document =
      answers.document === 'machine'
        ? { machine: { seccompProfiles: [{ name: file, value: spec }] } }
        : { apiVersion: 'v1alpha1', kind: 'SeccompProfileConfig', name: file, profile: spec };
    return {
      files: [{ path: `${name}.yaml`, content: writeYaml(document) }],
      notes: [
        `applied by: talosctl patch mc -p @${name}.yaml`,
        `pods name it as localhostProfile: profiles/${file}`,
        ...resolvedNotes(cargo),
      ],
    };
  },
};
