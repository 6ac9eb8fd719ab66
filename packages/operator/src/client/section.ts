import { printable } from '@callgate/engine/internal/report/words';
import { quote } from '@callgate/engine/internal/source/tree';
import { ClusterFault } from './cluster-fault.ts';
import { objectOf } from './json.ts';

/** An object of a kubeconfig, whose keys are read one by one; what is missing, null or "" is undefined. */
export class Section {
  private readonly value: Readonly<Record<string, unknown>>;
  private readonly file: string;
  /** What it is, as the file says it: users "admin". */
  private readonly name: string;

  /** Throws ClusterFault unless the value is an object or nothing at all. */
  constructor(value: unknown, file: string, name: string) {
    this.file = file;
    this.name = name;
    this.value = objectOf(value ?? {}) ?? this.fault('must be an object');
  }

  text(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined || value === '') return undefined;
    return typeof value === 'string' ? value : this.fault(`must have a text as ${key}`);
  }

  /** A text that goes into the header of a request. */
  header(key: string): string | undefined {
    return this.sendable(key, this.text(key));
  }

  /** Texts that each go into a header. */
  headers(key: string): readonly string[] {
    return this.texts(key).map((value) => this.sendable(key, value));
  }

  flag(key: string): boolean {
    const value = this.get(key) ?? false;
    return typeof value === 'boolean' ? value : this.fault(`must have true or false as ${key}`);
  }

  texts(key: string): readonly string[] {
    return this.list(key).map((value) =>
      typeof value === 'string' ? value : this.fault(`must have texts in ${key}`),
    );
  }

  section(key: string): Section | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : new Section(value, this.file, `${this.name} ${key}`);
  }

  sections(key: string): readonly Section[] {
    return this.list(key).map((value) => new Section(value, this.file, `${this.name} ${key}`.trim()));
  }

  /** Objects by their names, each with the object of that key in it; read when asked for. */
  named(list: string, key: string): Map<string, () => Section> {
    const found = new Map<string, () => Section>();
    for (const entry of this.sections(list)) {
      const name = entry.text('name') ?? '';
      if (found.has(name)) this.fault(`has two ${list} called ${quote(name)}: rename one`);
      found.set(name, () => new Section(entry.get(key), this.file, `${list} ${quote(name)}`));
    }
    return found;
  }

  /** What stands there, whatever it is. */
  get(key: string): unknown {
    return Object.hasOwn(this.value, key) ? (this.value[key] ?? undefined) : undefined;
  }

  /** All of it. */
  whole(): Readonly<Record<string, unknown>> {
    return this.value;
  }

  keys(): readonly string[] {
    return Object.keys(this.value);
  }

  /** Throws ClusterFault: what is wrong with it, and where. */
  fault(what: string): never {
    throw new ClusterFault(`${printable(this.file)}: ${this.name ? `${this.name} ` : 'it '}${what}`);
  }

  private sendable<T extends string | undefined>(key: string, value: T): T {
    if (value !== undefined && !/^[\t\u0020-\u007e]*$/.test(value))
      this.fault(`has characters in ${key} that cannot be sent`);
    return value;
  }

  private list(key: string): readonly unknown[] {
    const value = this.get(key) ?? [];
    return Array.isArray(value) ? value : this.fault(`must have a list as ${key}`);
  }
}
