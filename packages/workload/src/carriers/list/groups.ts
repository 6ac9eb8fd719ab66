import { isKnownName } from '@callgate/engine/internal/syscalls/lookup';

/** Lists of calls by name, which may name others; as they are generated, a line a group. */
export class CallGroups {
  private readonly members: ReadonlyMap<string, readonly string[]>;
  private readonly known = new Map<string, readonly string[]>();

  constructor(lines: string) {
    this.members = new Map(
      lines
        .trim()
        .split('\n')
        .map((line) => {
          const [name, ...members] = line.split(' ');
          return [name, members];
        }),
    );
  }

  names(): Iterable<string> {
    return this.members.keys();
  }

  /** What a group lists, as it is written. */
  listOf(group: string): readonly string[] | undefined {
    return this.members.get(group);
  }

  /** Every call of a group and of those within it that some machine has, each once; undefined where there is no such group. */
  callsOf(group: string): readonly string[] | undefined {
    if (!this.members.has(group)) return undefined;
    const known = this.known.get(group) ?? this.unfolded(group).filter(isKnownName);
    this.known.set(group, known);
    return known;
  }

  private unfolded(group: string): string[] {
    const found = new Set<string>();
    const entered = new Set<string>();
    const enter = (name: string) => {
      if (entered.has(name)) return;
      entered.add(name);
      for (const member of this.members.get(name) ?? [])
        if (member.startsWith('@')) enter(member);
        else found.add(member);
    };
    enter(group);
    return [...found];
  }
}
