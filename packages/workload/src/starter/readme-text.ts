import type { StarterPlan } from './starter.ts';

/** Twenty lines for whoever finds the folder. */
export function readmeText(plan: StarterPlan & { readonly image: string }): string {
  const { name, ci } = plan;
  const file = `profiles/${name}.json`;
  return `# Seccomp profiles

\`${name}.json\` lists the system calls that ${name} may make; the kernel refuses the others, whoever asks for them.
${beginning(plan)}

${commands([
  [`callgate show ${file}`, 'what it allows, in words'],
  [`callgate explain ${file} mkdir`, 'what becomes of one call, and which line says so'],
  ['callgate lint profiles/', 'what is wrong with it'],
  [`callgate test tests/seccomp/${name}.yaml`, 'does the application work, and are attacks stopped?'],
])}

${starting(plan)}

Something is refused that ${name} needs? \`callgate why\` says which call that was; then

    callgate edit ${file} --allow CALL -o ${file}

${ci ? 'Every change is judged in CI: what it lets pass that was denied before fails' : '`callgate gate git:main:profiles profiles` tells what a change lets pass'}, and \`callgate.config.yaml\` says what no
profile may ever allow.
`;
}

/** Commands, each with what it tells, one below the other. */
function commands(rows: readonly (readonly [command: string, tells: string])[]): string {
  const width = Math.max(...rows.map(([command]) => command.length));
  return rows.map(([command, tells]) => `    ${command.padEnd(width)}  # ${tells}`).join('\n');
}

function beginning({ name, image, engine, isRecorded }: StarterPlan & { readonly image: string }): string {
  return isRecorded
    ? 'It was made from a recording: record again when the application, or its base image, changes.'
    : `It is the engine's default, made strict, to begin with. Record what ${name} really does, and make it small:

    callgate record --container ${name} --wait -o rec.json   # as root; in another terminal start it, use it, and stop it:
    docker run --rm --name ${name} ${image}
    callgate init --recording rec.json${engine === 'docker' ? '' : ` --engine ${engine}`} --name ${name} --profile-only`;
}

function starting({ name, engine, image }: StarterPlan & { readonly image: string }): string {
  if (engine === 'docker')
    return `Start it: \`docker run --security-opt seccomp=profiles/${name}.json ${image}\``;
  return `In the cluster \`k8s/${name}-seccomp.yaml\` puts the profile on every node, and \`k8s/${name}.yaml\` names it. After a change:

    callgate convert profiles/${name}.json --to daemonset --name ${name} -o k8s/${name}-seccomp.yaml
    # it says the new localhostProfile, for k8s/${name}.yaml
    callgate audit k8s/`;
}
