import { type LiveObject, part, text } from './live-json.ts';

/**
 * Which objects of a live cluster are looked at, so that one is not told for each of its copies: controllers come first, then
 * of their pods those alone that have containers which no template has (injected, or for debugging).
 */
export class LiveObjects {
  /** By namespace, kind and name of who makes pods: the names of the containers of its template. */
  private readonly templates = new Map<string, ReadonlySet<string>>();
  private readonly told = new Set<string>();
  private copies = 0;

  /** Pods that are like one that was looked at. */
  get left(): number {
    return this.copies;
  }

  /** Whether an object is looked at. */
  takes(object: LiveObject): boolean {
    if (object.kind === 'Pod') return this.takesPod(object);
    const spec =
      part(object, 'spec', 'template', 'spec') ??
      part(object, 'spec', 'jobTemplate', 'spec', 'template', 'spec');
    if (spec)
      this.templates.set(keyOf(object, text(object.kind), nameOf(object)), new Set(containersOf(spec)));
    return true;
  }

  private takesPod(pod: LiveObject): boolean {
    const owner = ownerOf(pod);
    if (!owner) return true;
    const key = keyOf(pod, owner.kind, owner.name);
    const template = this.templates.get(key);
    const names = containersOf(part(pod, 'spec') ?? {});
    const own = template ? names.filter((name) => !template.has(name)) : names;
    const copy = `${key} ${own.join(' ')}`;
    const isNew = (own.length > 0 || !template) && !this.told.has(copy);
    this.told.add(copy);
    if (!isNew) this.copies++;
    return isNew;
  }
}

/** Who makes a pod in the end: behind a ReplicaSet its Deployment, behind a Job of a CronJob that. */
function ownerOf(pod: LiveObject): { readonly kind: string; readonly name: string } | undefined {
  const owners = part(pod, 'metadata')?.ownerReferences;
  const owner = (Array.isArray(owners) ? owners : []).find((one) => one?.controller === true) ?? undefined;
  if (!owner) return undefined;
  const [kind, name] = [text(owner.kind), text(owner.name)];
  const hash = text(part(pod, 'metadata', 'labels')?.['pod-template-hash']);
  if (kind === 'ReplicaSet' && hash !== '' && name.endsWith(`-${hash}`))
    return { kind: 'Deployment', name: name.slice(0, -hash.length - 1) };
  const scheduled = kind === 'Job' ? /^(.+)-\d{6,}$/.exec(name)?.[1] : undefined;
  return scheduled === undefined ? { kind, name } : { kind: 'CronJob', name: scheduled };
}

function containersOf(spec: LiveObject): string[] {
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) => {
    const items = spec[list];
    return Array.isArray(items) ? items.map((item) => text(item?.name)) : [];
  });
}

function keyOf(object: LiveObject, kind: string, name: string): string {
  return `${text(part(object, 'metadata')?.namespace)} ${kind} ${name}`;
}

function nameOf(object: LiveObject): string {
  return text(part(object, 'metadata')?.name);
}
