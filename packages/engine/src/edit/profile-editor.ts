import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import type { ProfileText } from '../policy/text-meaning.ts';
import { chosenProfile } from '../profile/choose-profile.ts';
import { applyEdits, Editor, type TextEdit, type Value } from '../source/edit.ts';
import { formatOf, readDocuments, type SourceFormat } from '../source/read.ts';
import type { Tree } from '../source/tree.ts';
import type { Abi } from '../syscalls/arch.ts';
import { NotAsAsked } from './amended.ts';

type ObjectTree = Extract<Tree, { readonly kind: 'object' }>;
type ArrayTree = Extract<Tree, { readonly kind: 'array' }>;

/** The text of a profile, in which one thing after the other is changed. */
export class ProfileEditor {
  text: string;
  private readonly format: SourceFormat;
  private readonly part: string | undefined;

  constructor({ name, text, part }: Pick<ProfileText, 'name' | 'text' | 'part'>) {
    this.text = text;
    this.format = formatOf(text, name);
    this.part = part;
  }

  /** Puts an action in the place of the default one, and takes away the errno that stood beside it. */
  setDefault(action: string): void {
    this.edit((editor, profile) => [editor.set(profile, 'defaultAction', action)]);
    for (const key of ['defaultErrnoRet', 'defaultErrno']) this.unset((profile) => profile, key);
  }

  /** Takes a call out of every rule, and rules that have no other out of the profile. */
  removeCall(name: string): void {
    for (let found = this.ruleNaming(name); found; found = this.ruleNaming(name)) {
      const { at, index } = found;
      this.edit((editor, profile) => {
        const rules = rulesOf(profile)!;
        const names = namesOf(rules.items[at]);
        return names && names.items.length > 1 ? [editor.remove(names, index)] : [editor.remove(rules, at)];
      });
    }
  }

  /** Adds a rule at the end. */
  addRule(rule: Value): void {
    this.edit((editor, profile) => {
      const rules = rulesOf(profile);
      return rules
        ? [editor.insert(rules, rules.items.length, rule)]
        : [editor.set(profile, 'syscalls', [rule])];
    });
  }

  /** Makes the profile cover one more ABI of the machine whose own is `native`. */
  cover({ token }: Pick<Abi, 'token'>, native: Pick<Abi, 'token'>): void {
    this.edit((editor, profile) => {
      const maps = arrayAt(profile, 'archMap');
      if (maps) {
        const own = maps.items.find(
          (map): map is ObjectTree => map.kind === 'object' && textOf(map, 'architecture') === native.token,
        );
        const others = own && arrayAt(own, 'subArchitectures');
        if (others) return [editor.insert(others, others.items.length, token)];
        if (own) return [editor.set(own, 'subArchitectures', [token])];
        const map = { architecture: native.token, subArchitectures: [token] };
        return [editor.insert(maps, maps.items.length, map)];
      }
      const architectures = arrayAt(profile, 'architectures');
      return architectures && architectures.items.length > 0
        ? [editor.insert(architectures, architectures.items.length, token)]
        : [editor.set(profile, 'architectures', [native.token, token])];
    });
  }

  /** Gives each rule whose action is among them another one, without an errno. */
  replaceActions(actions: ReadonlySet<string>, action: string): void {
    this.edit((editor, profile) =>
      (rulesOf(profile)?.items ?? []).flatMap((rule) => {
        const found = rule.kind === 'object' ? valueAt(rule, 'action') : undefined;
        return found?.kind === 'string' && actions.has(found.value) ? [editor.replace(found, action)] : [];
      }),
    );
    for (let at = 0; at < this.ruleCount(); at++)
      for (const key of ['errnoRet', 'errno'])
        this.unset((profile) => {
          const rule = rulesOf(profile)!.items[at];
          return rule.kind === 'object' && textOf(rule, 'action') === action ? rule : undefined;
        }, key);
  }

  /** Puts words in the place of others, by where these stand. */
  replaceWords(words: readonly { readonly place: Diagnostic['place']; readonly word: string }[]): void {
    this.text = applyEdits(
      this.text,
      words.map(({ place: { start, end }, word }) => {
        const quote = /^["']/.exec(this.text.slice(start, end))?.[0] ?? '';
        return { span: { start, end }, text: `${quote}${word}${quote}` };
      }),
    );
  }

  /** Takes away a name, a key with its value, or the rule around a place; a rule without names goes with the last of them. */
  drop(what: 'name' | 'key' | 'rule', { start }: Span): void {
    this.edit((editor, profile) => {
      const rules = rulesOf(profile);
      const at = rules?.items.findIndex((rule) => holds(rule, start)) ?? -1;
      const rule = rules?.items[at];
      const names = rule && namesOf(rule);
      const index = names?.items.findIndex((name) => holds(name, start)) ?? -1;
      if (what === 'key') return entryAt(profile, start).map(([object, key]) => editor.unset(object, key));
      if (what === 'name' && names && index >= 0 && names.items.length > 1)
        return [editor.remove(names, index)];
      return rules && rule ? [editor.remove(rules, at)] : [];
    });
  }

  /**
   * Makes the condition at a place compare the lower 32 bits where it compares for equality. Returns the names of its rule; none
   * where it was left as it is.
   */
  compareLowHalf({ start }: Span): readonly string[] {
    const rule = rulesOf(this.profile())?.items.find((item) => holds(item, start));
    const condition = rule?.kind === 'object' ? conditionAt(rule, start) : undefined;
    const value = condition && valueAt(condition, 'value');
    if (!rule || !condition || value?.kind !== 'number' || textOf(condition, 'op') !== 'SCMP_CMP_EQ')
      return [];
    const low = BigInt(value.text) & LOW_HALF;
    const index = valueAt(condition, 'index');
    this.edit((editor) => [
      editor.replace(condition, {
        ...(index?.kind === 'number' && { index: Number(index.text) }),
        value: LOW_HALF,
        valueTwo: low,
        op: 'SCMP_CMP_MASKED_EQ',
      }),
    ]);
    return namesIn(rule);
  }

  private ruleCount(): number {
    return rulesOf(this.profile())?.items.length ?? 0;
  }

  private ruleNaming(name: string): { readonly at: number; readonly index: number } | undefined {
    const rules = rulesOf(this.profile())?.items ?? [];
    for (const [at, rule] of rules.entries()) {
      if (rule.kind === 'object' && textOf(rule, 'name') === name) return { at, index: 0 };
      const index =
        namesOf(rule)?.items.findIndex((item) => item.kind === 'string' && item.value === name) ?? -1;
      if (index >= 0) return { at, index };
    }
    return undefined;
  }

  private unset(find: (profile: ObjectTree) => ObjectTree | undefined, key: string): void {
    this.edit((editor, profile) => {
      const object = find(profile);
      return object?.entries.some((entry) => entry.key === key) ? [editor.unset(object, key)] : [];
    });
  }

  private edit(edits: (editor: Editor, profile: ObjectTree) => readonly TextEdit[]): void {
    const profile = this.profile();
    // In braces keys stand as in JSON, wherever it stands: in a string of a ConfigMap, too.
    const editor = new Editor(this.text, this.text[profile.span.start] === '{' ? 'json' : this.format);
    this.text = applyEdits(this.text, edits(editor, profile));
  }

  /** The profile as it stands now; it was read before. */
  private profile(): ObjectTree {
    const { value: documents } = readDocuments(this.text, this.format);
    const tree = documents && chosenProfile(documents, this.text, this.part).value;
    if (tree?.kind !== 'object') throw new NotAsAsked('the text could not be changed and still be read');
    return tree;
  }
}

const LOW_HALF = 0xffff_ffffn;

function holds({ span }: Tree, offset: number): boolean {
  return span.start <= offset && offset < span.end;
}

/** The objects and keys whose value stands at a place; the innermost first, and at most one. */
function entryAt(tree: Tree, offset: number): [ObjectTree, string][] {
  const inner =
    tree.kind === 'object' ? tree.entries.map(({ value }) => value) : tree.kind === 'array' ? tree.items : [];
  const next = inner.find((value) => holds(value, offset));
  const deeper = next ? entryAt(next, offset) : [];
  if (deeper.length > 0 || tree.kind !== 'object') return deeper;
  const entry = tree.entries.find(({ value }) => value === next);
  return entry ? [[tree, entry.key]] : [];
}

function conditionAt(rule: ObjectTree, offset: number): ObjectTree | undefined {
  const args = valueAt(rule, 'args');
  const found = args?.kind === 'array' ? args.items.find((item) => holds(item, offset)) : undefined;
  return found?.kind === 'object' ? found : undefined;
}

function namesIn(rule: Tree): string[] {
  const own = rule.kind === 'object' ? textOf(rule, 'name') : undefined;
  const names = namesOf(rule)?.items.flatMap((item) => (item.kind === 'string' ? [item.value] : [])) ?? [];
  return own === undefined ? names : [own, ...names];
}

function valueAt({ entries }: ObjectTree, key: string): Tree | undefined {
  return entries.find((entry) => entry.key === key)?.value;
}

function textOf(object: ObjectTree, key: string): string | undefined {
  const value = valueAt(object, key);
  return value?.kind === 'string' ? value.value : undefined;
}

function rulesOf(profile: ObjectTree): ArrayTree | undefined {
  return arrayAt(profile, 'syscalls');
}

function arrayAt(object: ObjectTree, key: string): ArrayTree | undefined {
  const value = valueAt(object, key);
  return value?.kind === 'array' ? value : undefined;
}

function namesOf(rule: Tree): ArrayTree | undefined {
  const names = rule.kind === 'object' ? valueAt(rule, 'names') : undefined;
  return names?.kind === 'array' ? names : undefined;
}
