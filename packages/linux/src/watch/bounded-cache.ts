/** Remembers answers: the oldest are forgotten when there are too many, and each after a while. */
export class BoundedCache<Key, Value> {
  private readonly entries = new Map<Key, { readonly value: Value; readonly until: number }>();
  private readonly most: number;
  private readonly forMs: number;

  constructor(most: number, forMs = Number.POSITIVE_INFINITY) {
    this.most = most;
    this.forMs = forMs;
  }

  get(key: Key): Value | undefined {
    const entry = this.entries.get(key);
    return entry && performance.now() < entry.until ? entry.value : undefined;
  }

  set(key: Key, value: Value): Value {
    this.entries.delete(key);
    this.entries.set(key, { value, until: performance.now() + this.forMs });
    if (this.entries.size > this.most) this.entries.delete(this.entries.keys().next().value!);
    return value;
  }

  /** What is remembered, or else found out. */
  getOr(key: Key, find: () => Value): Value {
    return this.get(key) ?? this.set(key, find());
  }
}
