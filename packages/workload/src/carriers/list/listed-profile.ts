import type { Span, Spanned } from '@callgate/engine/internal/diagnostics/span';
import type { ActionName, Condition } from '@callgate/engine/internal/profile/profile';
import type { Entry, Tree } from '@callgate/engine/internal/source/tree';
import { type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';

/** What a list answers, and where it says so. */
export interface ListedAction {
  readonly name: ActionName;
  /** ERRNO's, or TRACE's datum. */
  readonly errno?: number;
  readonly span: Span;
}

/** A call that a list is for. */
export interface ListedCall {
  readonly name: Spanned<string>;
  readonly action: ListedAction;
  /** All must hold, no two on one argument. */
  readonly conditions?: readonly Condition[];
  /** Only on machines of this ABI. */
  readonly native?: AbiName;
}

/** What a list says. */
export interface ListedProfile {
  readonly byDefault: ListedAction;
  readonly calls: readonly ListedCall[];
  /** Which ABIs beside the native one it is for, by the native one; none without it. */
  readonly subArchitectures?: Readonly<Partial<Record<AbiName, readonly AbiName[]>>>;
  /** What stands for the path of the process that answers, where calls are left to one. */
  readonly listener?: string;
  readonly span: Span;
}

/** The same in OCI's form, or in Docker's where ABIs matter, as if it had been read where the list says it. */
export function profileTree(profile: ListedProfile): Tree {
  const { byDefault, calls, subArchitectures = {}, listener, span } = profile;
  const families = Object.entries(subArchitectures).filter(([, subs]) => subs.length > 0);
  return objectAt(span, {
    ...actionKeys(byDefault, 'defaultAction', 'defaultErrnoRet'),
    ...(families.length > 0 && {
      archMap: arrayAt(
        span,
        families.map(([native, subs]) =>
          objectAt(span, {
            architecture: token(native as AbiName, span),
            subArchitectures: arrayAt(
              span,
              subs.map((sub) => token(sub, span)),
            ),
          }),
        ),
      ),
    }),
    ...(listener !== undefined &&
      calls.some(({ action }) => action.name === 'NOTIFY') && { listenerPath: stringAt(listener, span) }),
    syscalls: arrayAt(span, grouped(calls).map(ruleTree)),
  });
}

/** Calls that one rule can be for; of those that are said twice the first. Those with fewer conditions come first. */
function grouped(calls: readonly ListedCall[]): ListedCall[][] {
  const said = new Set(calls.map(keyOf));
  const isFirst = onlyOnce();
  const always = new Map<string, ListedCall[]>();
  const sometimes: ListedCall[] = [];
  for (const call of calls) {
    const { native, conditions = [] } = call;
    const wider = [
      ...(native ? [{ ...call, native: undefined }] : []),
      ...(conditions.length > 0
        ? [
            { ...call, conditions: [] },
            { ...call, native: undefined, conditions: [] },
          ]
        : []),
    ];
    if (wider.some((other) => said.has(keyOf(other))) || !isFirst(keyOf(call))) continue;
    if (conditions.length > 0) sometimes.push(call);
    else {
      const key = `${actionKey(call.action)} ${native ?? ''}`;
      const group = always.get(key);
      if (group) group.push(call);
      else always.set(key, [call]);
    }
  }
  sometimes.sort((a, b) => a.conditions!.length - b.conditions!.length);
  return [...always.values(), ...sometimes.map((call) => [call])];
}

function onlyOnce(): (key: string) => boolean {
  const seen = new Set<string>();
  return (key) => !seen.has(key) && seen.add(key) !== undefined;
}

function keyOf({ name, action, native, conditions = [] }: ListedCall): string {
  return [name.value, actionKey(action), native ?? '', ...conditions.map(conditionKey).sort()].join(' ');
}

function actionKey({ name, errno }: ListedAction): string {
  return `${name} ${errno ?? ''}`;
}

function conditionKey({ argument, operator, value, valueTwo }: Condition): string {
  return `${argument}${operator}${value}:${valueTwo}`;
}

function ruleTree(calls: readonly ListedCall[]): Tree {
  const [{ action, conditions = [], native, name }] = calls;
  const span = conditions.reduce(
    (all, { span: one }) => around(all, one),
    calls.reduce((all, call) => around(all, call.name.span), name.span),
  );
  return objectAt(span, {
    names: arrayAt(
      span,
      calls.map((call) => stringAt(call.name.value, call.name.span)),
    ),
    ...actionKeys(action, 'action', 'errnoRet'),
    ...(conditions.length > 0 && { args: arrayAt(span, conditions.map(conditionTree)) }),
    ...(native !== undefined && {
      includes: objectAt(span, { arches: arrayAt(span, [stringAt(dockerName(native), span)]) }),
    }),
  });
}

/** Docker's name of an ABI; one that it has no name for is met by none. */
function dockerName(native: AbiName): string {
  const { docker, go = native } = abiOf(native);
  return docker ?? go;
}

function around(a: Span, b: Span): Span {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

function actionKeys(
  { name, errno, span }: ListedAction,
  action: string,
  errnoRet: string,
): Record<string, Tree> {
  return {
    [action]: stringAt(`SCMP_ACT_${name}`, span),
    ...(errno !== undefined && { [errnoRet]: numberAt(String(errno), span) }),
  };
}

function conditionTree({ argument, operator, value, valueTwo, span, parts = {} }: Condition): Tree {
  return objectAt(span, {
    index: numberAt(String(argument), parts.argument ?? span),
    value: numberAt(String(value), parts.value ?? span),
    ...(operator === 'MASKED_EQ' && { valueTwo: numberAt(String(valueTwo), parts.valueTwo ?? span) }),
    op: stringAt(`SCMP_CMP_${operator}`, parts.operator ?? span),
  });
}

function token(abi: AbiName, span: Span): Tree {
  return stringAt(abiOf(abi).token, span);
}

function objectAt(span: Span, values: Readonly<Record<string, Tree>>): Tree {
  const entries = Object.entries(values).map(([key, value]): Entry => ({ key, keySpan: value.span, value }));
  return { kind: 'object', entries, span };
}

function arrayAt(span: Span, items: readonly Tree[]): Tree {
  return { kind: 'array', items, span };
}

function stringAt(value: string, span: Span): Tree {
  return { kind: 'string', value, span };
}

function numberAt(text: string, span: Span): Tree {
  return { kind: 'number', text, span };
}
