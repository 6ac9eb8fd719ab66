import type { Spanned } from '@callgate/engine/internal/diagnostics/span';
import type { CarrierReading } from '../carrier.ts';
import { ListFaults } from '../list/faults.ts';
import { linesOf, wordsIn } from '../list/lines.ts';
import { type ListedAction, profileTree } from '../list/listed-profile.ts';
import { answerIn, FirejailList } from './list.ts';

const WITH_LIST =
  /^(?:seccomp(?:\.32)?(?:\.drop|\.keep)?[ \t]+[@!$\w]|seccomp-error-action[ \t]|seccomp\.block-secondary)/m;
const ALONE = /^seccomp[ \t\r]*$/m;
/** Lines that a profile has, and a list of calls has not. */
const OTHER_COMMANDS =
  /^(?:include|caps|caps\.drop|noroot|nonewprivs|netfilter|protocol|private[-\w]*|blacklist|whitelist|read-only|noblacklist|apparmor|disable-mnt|shell)(?:[ \t]|$)/m;

/** A command and what it is given. */
interface Command {
  readonly name: Spanned<string>;
  readonly list: readonly Spanned<string>[];
}

/** What the seccomp commands of a profile say; undefined where there are none. Source: firejail's fseccomp and man pages. */
export function readFirejail(text: string): CarrierReading | undefined {
  if (!WITH_LIST.test(text) && !(ALONE.test(text) && OTHER_COMMANDS.test(text))) return undefined;
  const commands = linesOf(text).flatMap((line): Command[] => {
    const [name] = wordsIn(line);
    if (!name || !/^(?:seccomp|allow-debuggers)/.test(name.value)) return [];
    const from = line.text.indexOf(name.value) + name.value.length;
    return [
      {
        name,
        list: wordsIn(
          line,
          from,
          line.text.length,
          (c) => c === ',' || c === ' ' || c === '\t' || c === '\r',
        ),
      },
    ];
  });
  return new FirejailProfile(commands).reading();
}

class FirejailProfile {
  private readonly faults = new ListFaults();
  private readonly commands: readonly Command[];
  private readonly refused: ListedAction;

  constructor(commands: readonly Command[]) {
    this.commands = commands;
    this.refused = this.errorAction();
  }

  reading(): CarrierReading | undefined {
    const command = this.command('seccomp.keep') ?? this.command('seccomp.drop') ?? this.command('seccomp');
    this.noteOtherAbis();
    const { all: diagnostics } = this.faults;
    if (!command) return { profiles: [], diagnostics };
    const { span } = command.name;
    const isKeep = command.name.value === 'seccomp.keep';
    const usual: ListedAction = isKeep ? { name: 'ALLOW', span } : this.refused;
    const byDefault: ListedAction = isKeep ? { ...this.refused, span } : { name: 'ALLOW', span };
    const list = new FirejailList(usual, isKeep ? this.refused : { name: 'ALLOW', span }, this.faults);
    if (command.name.value === 'seccomp') list.enter(this.usualGroup(command));
    // What firejail itself needs to start the program.
    if (isKeep) list.enter({ value: '@default-keep', span });
    for (const word of command.list) list.enter(word);
    const calls = list.calls();
    const tree = profileTree({ byDefault, calls, span });
    return { profiles: [{ name: 'firejail', tree, diagnostics: [] }], diagnostics };
  }

  private command(name: string): Command | undefined {
    return this.commands.findLast((command) => command.name.value === name);
  }

  /** What the command adds by itself, as if it stood where the command does. */
  private usualGroup({ name }: Command): Spanned<string> {
    const value = this.command('allow-debuggers') ? '@default' : '@default-nodebuggers';
    return { value, span: name.span };
  }

  /** What is answered where nothing else is said: EPERM since 0.9.64. */
  private errorAction(): ListedAction {
    const command = this.command('seccomp-error-action');
    const said = command?.list[0];
    const place = said ?? this.commands[0].name;
    return (said && answerIn(said, this.faults)) ?? { name: 'ERRNO', errno: 1, span: place.span };
  }

  /** Filters for calls of other ABIs are others, and without them those calls pass. */
  private noteOtherAbis(): void {
    const blocking = this.command('seccomp.block-secondary');
    const other = this.commands.find(({ name }) => name.value.startsWith('seccomp.32'));
    if (blocking)
      this.faults.warn(
        'list-inexpressible',
        'firejail answers calls of other ABIs, and personality with most values, like a refused call; a profile kills the former and does not say the latter',
        blocking.name.span,
      );
    else
      this.faults.warn(
        'list-inexpressible',
        "this is for calls of the machine's own ABI: firejail lets those of others pass, or has lists of their own for them, and a profile cannot say that",
        (other ?? this.commands[0]).name.span,
        'seccomp.block-secondary refuses the calls of other ABIs',
      );
  }
}
