import { findProfiles } from '@callgate/engine/internal/profile/carriers';
import { profileDocument } from '@callgate/engine/internal/profile/stringify';
import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import { readSource } from '@callgate/engine/internal/source/read';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { Carrier } from './carrier.ts';
import { limit } from './limit.ts';
import { resolvedNotes } from './oci.ts';
import { utf8Bytes } from './utf8.ts';

const LABEL = 'io.containers.seccomp.profile';
const LINE = /^LABEL io\.containers\.seccomp\.profile="((?:[^"\\\n]|\\[^\n])*)"[ \t]*$/m;
/** The longest argument that Linux hands to a program, with its zero byte: MAX_ARG_STRLEN. */
const MOST_BYTES = 128 * 1024;

export const podmanLabel: Carrier = {
  id: 'podman-label',
  about: 'the label of an image that podman run --seccomp-policy image takes the profile from',
  enforcer: 'container runtime',
  read(text) {
    const quoted = LINE.exec(text)?.[1];
    if (quoted === undefined) return undefined;
    const profile = quoted.replace(/\\([\s\S])/g, '$1');
    const { value, diagnostics } = readSource(profile, 'json');
    return { profiles: value ? findProfiles([value], profile) : [], diagnostics };
  },
  write(cargo) {
    const { profile, target, name } = cargo;
    const text = writeJson(profileDocument(ociForm(profile, target)));
    const argument = `${LABEL}=${text}`;
    const size = utf8Bytes(argument).length + 1;
    return {
      files: [
        { path: 'Containerfile', content: `LABEL ${LABEL}="${text.replace(/["\\$]/g, '\\$&')}"\n` },
        { path: `${name}.build.sh`, content: buildScript(argument) },
      ],
      notes: [
        'the line goes into a Containerfile, or the script builds with the label; podman inspect IMAGE shows it',
        'it is in force under podman run --seccomp-policy image alone; Docker and Kubernetes do not look at it',
        ...resolvedNotes(cargo),
      ],
      limits:
        size > MOST_BYTES
          ? [
              limit(
                `a label on a command line has at most ${MOST_BYTES} bytes, this one has ${size}`,
                profile.defaultAction.span,
              ),
            ]
          : [],
    };
  },
};

function buildScript(argument: string): string {
  return `#!/bin/sh
# What is given behind the script's name goes on: the other options of podman build, the folder.
exec podman build --label '${argument.replaceAll("'", "'\\''")}' "$@"
`;
}
