import type { Span } from '../diagnostics/span.ts';
import { argument as argumentField } from '../diagram/fields.ts';
import { dependsOn } from '../diagram/forget.ts';
import type { Abi } from '../syscalls/arch.ts';
import { type Argument, prototypeOf } from '../syscalls/arguments.ts';
import type { Judged } from './judged.ts';

/** A call that passes with some arguments alone, and a condition of the profile on one of them. */
export interface ConditionalCall {
  readonly abi: Abi;
  readonly name: string;
  readonly argument: number;
  readonly prototype: readonly Argument[];
  /** Where the condition stands. */
  readonly place: Span;
}

/** Every argument that some rule compares and by which some call of the rule passes or does not, on each ABI. */
export function* conditionalCalls(judged: Judged): Iterable<ConditionalCall> {
  const seen = new Set<string>();
  for (const { names, conditions } of judged.profile.rules)
    for (const { value: name } of names)
      for (const { argument, span: place } of conditions)
        for (const abi of judged.policy.abis) {
          const key = `${abi.name} ${name} ${argument}`;
          const prototype = prototypeOf(name, abi.name);
          if (seen.has(key) || !prototype || judged.passes(abi, name) !== 'sometimes') continue;
          seen.add(key);
          yield { abi, name, argument, prototype, place };
        }
}

/** Those that are meant and whose argument really decides, on ABIs of 64 bits, for which prototypes hold; one for a condition. */
export function* decidingArguments(
  judged: Judged,
  isMeant: (call: ConditionalCall) => boolean,
): Iterable<ConditionalCall> {
  const seen = new Set<number>();
  for (const call of conditionalCalls(judged)) {
    const { abi, name, argument, place } = call;
    if (seen.has(place.start) || abi.bits !== 64 || !isMeant(call)) continue;
    if (!dependsOn(judged.policy.diagram, judged.decision(abi, name)!, argumentField(argument))) continue;
    seen.add(place.start);
    yield call;
  }
}
