import type { Span } from '@callgate/engine/internal/diagnostics/span';
import { quote } from '@callgate/engine/internal/source/tree';
import { type AbiName, findAbi } from '@callgate/engine/internal/syscalls/arch';
import { prototypeOf } from '@callgate/engine/internal/syscalls/arguments';
import { ALWAYS, type Test } from '../list/alternatives.ts';
import type { ListFaults } from '../list/faults.ts';
import type { Answer } from '../list/first-match.ts';
import type { ListedAction } from '../list/listed-profile.ts';
import { callsOfNumber } from '../list/machines.ts';
import { ACTIONS } from './actions.ts';
import { type ArgumentNamed, ExpressionReader } from './expression.ts';
import { callNamed } from './names.ts';
import type { TokenReader } from './token-reader.ts';

/** What a policy says, the answers in the order in which they count. */
export interface Said {
  readonly byDefault: ListedAction;
  readonly answers: readonly Answer[];
}

/** Answers, and policies that are used in between. */
type Statement = { readonly use: string } | { readonly answers: readonly Answer[] };

interface Call {
  readonly span: Span;
  readonly names: readonly { readonly name: string; readonly native?: AbiName }[];
}

/** Reads the statements of a policy file; the first fault ends it, since what follows would be guessed. */
export class PolicyReader {
  private readonly reader: TokenReader;
  private readonly faults: ListFaults;
  private readonly policies = new Map<string, readonly Statement[]>();
  private readonly main: Statement[] = [];
  private byDefault: ListedAction | undefined;
  private first: Span | undefined;

  constructor(reader: TokenReader, faults: ListFaults) {
    this.reader = reader;
    this.faults = faults;
  }

  read(): Said | undefined {
    this.first = this.reader.peek().span;
    while (this.reader.peek().kind !== 'end') {
      if (!this.topLevel()) return undefined;
      // The older grammar has no comma here, the newer one may.
      this.reader.takeAny([',']);
    }
    const answers: Answer[] = [];
    this.unfold(this.main, new Set(), answers);
    return { byDefault: this.byDefault ?? { name: 'KILL', span: this.first }, answers };
  }

  private topLevel(): boolean {
    const { reader } = this;
    const token = reader.peek();
    if (token.kind === 'include') {
      reader.next();
      this.faults.warn(
        'list-elsewhere',
        `the policy includes files, which are not read: ${quote(token.text.slice('#include'.length).trim())}`,
        token.span,
        'what is said of this policy is without them',
      );
      return true;
    }
    if (token.text === '#') return this.definition();
    if (token.text === 'POLICY') return this.policy();
    if (token.text === 'DEFAULT') return this.defaultAction();
    const statement = this.statement();
    if (statement) this.main.push(statement);
    return statement !== undefined;
  }

  /** #define NAME NUMBER. */
  private definition(): boolean {
    const { reader } = this;
    reader.next();
    if (!reader.expect('define')) return false;
    const name = reader.expectName();
    const value = name && reader.expectNumber();
    if (!name || value === undefined) return false;
    const known = reader.constants.get(name.text);
    if (known !== undefined && known !== value)
      this.faults.syntax(`${quote(name.text)} is defined already, with another value`, name.span);
    reader.constants.set(name.text, value);
    return true;
  }

  private policy(): boolean {
    const { reader } = this;
    reader.next();
    const name = reader.expectName();
    if (!name || !reader.expect('{')) return false;
    if (this.policies.has(name.text))
      this.faults.syntax(`there is a policy ${quote(name.text)} already`, name.span);
    const statements: Statement[] = [];
    if (!reader.takeAny(['}'])) {
      do {
        const statement = this.statement();
        if (!statement) return false;
        statements.push(statement);
      } while (reader.takeAny([',']));
      if (!reader.expect('}')) return false;
    }
    this.policies.set(name.text, statements);
    return true;
  }

  private defaultAction(): boolean {
    const { span } = this.reader.next();
    const action = this.action();
    if (!action) return false;
    if (this.byDefault) this.faults.syntax('there is a default action already', span);
    this.byDefault = action;
    return true;
  }

  /** USE of a policy that was defined before, or an action and its calls. */
  private statement(): Statement | undefined {
    const { reader } = this;
    if (reader.takeAny(['USE'])) {
      const name = reader.expectName();
      if (!name) return undefined;
      if (this.policies.has(name.text)) return { use: name.text };
      return this.faults.syntax(`there is no policy ${quote(name.text)} before this`, name.span);
    }
    const action = this.action();
    if (!action || !reader.expect('{')) return undefined;
    const answers: Answer[] = [];
    if (reader.takeAny(['}'])) return { answers };
    do {
      const said = this.callFilter(action);
      if (!said) return undefined;
      answers.push(...said);
    } while (reader.takeAny([',']));
    return reader.expect('}') ? { answers } : undefined;
  }

  private action(): ListedAction | undefined {
    const token = this.reader.next();
    const { text, span } = token;
    if (!Object.hasOwn(ACTIONS, text))
      return this.reader.faultAt(token, 'an action such as ALLOW was expected');
    const { name, takesNumber } = ACTIONS[text];
    if (!takesNumber) return { name, span };
    if (!this.reader.expect('(')) return undefined;
    const number = this.reader.expectNumber();
    if (number === undefined || !this.reader.expect(')')) return undefined;
    if (number > 0xffffn) return this.faults.error('bad-number', `${text} takes 0 to 65535`, span);
    if (name !== 'TRAP') return { name, errno: Number(number), span };
    if (number !== 0n)
      this.faults.warn(
        'list-inexpressible',
        'a profile has no number for SCMP_ACT_TRAP, so this one is lost',
        span,
      );
    return { name, span };
  }

  /** A call, and under which conditions it gets the action. */
  private callFilter(action: ListedAction): Answer[] | undefined {
    const { reader } = this;
    const call = this.call();
    if (!call) return undefined;
    const named = reader.peek().text === '(' ? this.ownArguments() : this.usualArguments(call);
    if (!named) return undefined;
    const natives = reader.peek().text === 'ON' ? this.guard() : [undefined];
    if (!natives) return undefined;
    const test = this.conditions(named);
    return (
      test &&
      natives.flatMap((guard) =>
        call.names.flatMap(({ name, native }): Answer[] =>
          guard && native && guard !== native
            ? []
            : [{ name: { value: name, span: call.span }, test, action, native: guard ?? native }],
        ),
      )
    );
  }

  private conditions(named: ArgumentNamed): Test | undefined {
    const { reader } = this;
    if (!reader.takeAny(['{']) || reader.takeAny(['}'])) return ALWAYS;
    const test = new ExpressionReader(reader, named).test();
    return test && reader.expect('}') ? test : undefined;
  }

  /** A name, or a number: one that was defined, or SYSCALL[N]. */
  private call(): Call | undefined {
    const { reader } = this;
    const token = reader.next();
    let number = token.kind === 'name' ? reader.numberIn(token) : undefined;
    if (token.text === 'SYSCALL') {
      if (!reader.expect('[')) return undefined;
      number = reader.expectNumber();
      if (number === undefined || !reader.expect(']')) return undefined;
    }
    const span = { start: token.span.start, end: reader.lastEnd };
    if (number !== undefined) {
      const names = callsOfNumber(Number(BigInt.asIntN(32, number)));
      if (names.length > 0) return { span, names };
      return this.faults.error('list-inexpressible', `no system call has the number ${number}`, span);
    }
    if (token.kind !== 'name') return reader.faultAt(token, 'the name of a call was expected');
    return { span, names: callNamed(token.text) };
  }

  private ownArguments(): ArgumentNamed | undefined {
    const { reader } = this;
    reader.next();
    const names: string[] = [];
    while (!reader.takeAny([')'])) {
      const name = reader.expectName();
      if (!name) return undefined;
      names.push(name.text);
      if (reader.peek().text !== ')' && !reader.expect(',')) return undefined;
    }
    if (names.length > 6) return reader.fault('a call has six arguments');
    // Of these kafel compares all 64 bits, whatever the call takes.
    return (name) => (names.includes(name) ? { index: names.indexOf(name), bits: 64 } : undefined);
  }

  private usualArguments({ names }: Call): ArgumentNamed {
    const prototype = prototypeOf(names[0].name) ?? [];
    return (name) => {
      const index = prototype.findIndex((argument) => argument.name === name);
      return index < 0 ? undefined : { index, bits: prototype[index].bits > 32 ? 64 : 32 };
    };
  }

  /** ON ABI, or ON { ABI, … }. */
  private guard(): AbiName[] | undefined {
    const { reader } = this;
    reader.next();
    const hasBraces = reader.takeAny(['{']);
    const natives: AbiName[] = [];
    do {
      const token = reader.expectName();
      if (!token) return undefined;
      const abi = findAbi(token.text);
      if (!abi)
        return this.faults.error('unknown-architecture', `there is no ABI ${quote(token.text)}`, token.span);
      natives.push(abi.name);
    } while (hasBraces && reader.takeAny([',']));
    return hasBraces && !reader.expect('}') ? undefined : natives;
  }

  /** Every answer in its order; of a policy that is used again, all has been said before. */
  private unfold(statements: readonly Statement[], used: Set<string>, into: Answer[]): void {
    for (const statement of statements)
      if ('answers' in statement) into.push(...statement.answers);
      else if (!used.has(statement.use)) {
        used.add(statement.use);
        this.unfold(this.policies.get(statement.use)!, used, into);
      }
  }
}
