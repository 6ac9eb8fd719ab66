import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { chosenProfile } from '../profile/choose-profile.ts';
import { applyEdits, Editor, type TextEdit, type Value } from '../source/edit.ts';
import { readDocuments, type SourceFormat } from '../source/read.ts';
import type { Tree } from '../source/tree.ts';

type ObjectTree = Extract<Tree, { readonly kind: 'object' }>;
type ArrayTree = Extract<Tree, { readonly kind: 'array' }>;

/** The text of a profile, in which one thing after the other is changed. */
export class ProfileText {
  text: string;
  private readonly format: SourceFormat;
  private readonly part: string | undefined;

  /** @param part which of several profiles of the text is meant. */
  constructor(text: string, format: SourceFormat, part?: string) {
    this.text = text;
    this.format = format;
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
    const editor = new Editor(this.text, this.format);
    this.text = applyEdits(this.text, edits(editor, this.profile()));
  }

  /** The profile as it stands now; it was read before. */
  private profile(): ObjectTree {
    const { value: documents } = readDocuments(this.text, this.format);
    const tree = documents && chosenProfile(documents, this.text, this.part).value;
    if (tree?.kind !== 'object') throw new Error('the edited text holds no profile');
    return tree;
  }
}

function valueAt({ entries }: ObjectTree, key: string): Tree | undefined {
  return entries.find((entry) => entry.key === key)?.value;
}

function textOf(object: ObjectTree, key: string): string | undefined {
  const value = valueAt(object, key);
  return value?.kind === 'string' ? value.value : undefined;
}

function rulesOf(profile: ObjectTree): ArrayTree | undefined {
  const rules = valueAt(profile, 'syscalls');
  return rules?.kind === 'array' ? rules : undefined;
}

function namesOf(rule: Tree): ArrayTree | undefined {
  const names = rule.kind === 'object' ? valueAt(rule, 'names') : undefined;
  return names?.kind === 'array' ? names : undefined;
}
