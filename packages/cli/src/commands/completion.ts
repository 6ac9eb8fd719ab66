import { printable } from '@callgate/engine/internal/report/words';
import type { Command } from 'commander';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure } from '../context.ts';
import { definition } from '../definition.ts';
import { VERBS } from '../verbs.ts';

/** A verb with what can be completed after it. */
interface Completable {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly { readonly flag: string; readonly about: string }[];
}

const SHELLS: Readonly<Record<string, (verbs: readonly Completable[]) => string>> = { bash, zsh, fish };

export const completion: Verb = {
  name: 'completion',

  configure(command) {
    command
      .argument('<shell>', Object.keys(SHELLS).join(', '))
      .addHelpText(
        'after',
        examples(
          'completion bash > ~/.local/share/bash-completion/completions/callgate',
          'completion zsh > "${fpath[1]}/_callgate"',
          'completion fish > ~/.config/fish/completions/callgate.fish',
        ),
      );
  },

  async run(context, command) {
    const [shell] = command.processedArgs as [string];
    if (!Object.hasOwn(SHELLS, shell))
      throw new CliFailure(
        `no completions for "${printable(shell)}"; it is one of ${Object.keys(SHELLS).join(', ')}`,
      );
    const verbs = await Promise.all(
      VERBS.map(async ({ name, summary, load }) => ({
        name,
        summary,
        options: optionsOf(definition(await load(), summary)),
      })),
    );
    context.stdout.write(SHELLS[shell](verbs));
    return CLEAN;
  },
};

function optionsOf(command: Command): Completable['options'] {
  return [
    ...command.options
      .filter((o) => !o.hidden)
      .map((o) => ({ flag: o.long ?? o.short!, about: o.description })),
    { flag: '--help', about: 'show help' },
  ];
}

function bash(verbs: readonly Completable[]): string {
  const cases = verbs
    .map((v) => `    ${v.name}) words="${v.options.map((o) => o.flag).join(' ')}" ;;`)
    .join('\n');
  return `# bash completion for callgate
_callgate() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words i
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ "\${COMP_WORDS[i]}" == "--" ]]; then
      compopt -o default
      COMPREPLY=($(compgen -c -- "$current"))
      return
    fi
  done
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${verbs.map((v) => v.name).join(' ')} --help --version" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases}
    *) words="" ;;
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _callgate callgate
`;
}

function zsh(verbs: readonly Completable[]): string {
  const quote = (text: string) => text.replace(/'/g, "'\\''").replace(/[[\]:]/g, '\\$&');
  const list = verbs.map((v) => `    '${v.name}:${quote(v.summary)}'`).join('\n');
  const cases = verbs
    .map(
      (v) =>
        `    ${v.name}) _arguments ${v.options.map((o) => `'${o.flag}[${quote(o.about)}]'`).join(' ')} '*:file:_files' ;;`,
    )
    .join('\n');
  return `#compdef callgate
_callgate() {
  local -a verbs
  verbs=(
${list}
  )
  if ((CURRENT == 2)); then
    _describe verb verbs
    return
  fi
  case "$words[2]" in
${cases}
  esac
}
_callgate "$@"
`;
}

function fish(verbs: readonly Completable[]): string {
  const quote = (text: string) => text.replace(/\\/g, '\\\\').replace(/'/g, "\\'");
  const lines = verbs.flatMap((v) => [
    `complete -c callgate -n __fish_use_subcommand -a ${v.name} -d '${quote(v.summary)}'`,
    ...v.options.map(
      (o) =>
        `complete -c callgate -n '__fish_seen_subcommand_from ${v.name}' -l ${o.flag.replace(/^--/, '')} -d '${quote(o.about)}'`,
    ),
  ]);
  return `# fish completion for callgate\n${lines.join('\n')}\n`;
}
