import { printable } from '@callgate/engine/internal/report/words';
import type { Value } from '@callgate/engine/internal/source/edit';
import { member, withMember } from './merged.ts';
import { isObject, isSame, listOf, type Path, valueAt, withoutKey } from './plain.ts';
import type { Notice, SecureRequest } from './request.ts';
import type { SecuredPod } from './secure-pod.ts';

const OPTIONS = 'security_opt';

/** Whether a document is a compose file. */
export function isCompose(document: Value): boolean {
  return (
    isObject(document) &&
    isObject(document.services) &&
    !Object.hasOwn(document, 'kind') &&
    Object.values(document.services).some(isObject)
  );
}

/** A compose file with its services changed as asked. An option of engines stands behind a colon or an equals sign. */
export function secureCompose(document: Value, request: SecureRequest): SecuredPod {
  let changed = document;
  const notices: Notice[] = [];
  const named: string[] = [];
  for (const [name, service] of Object.entries(valueAt(document, ['services'])!)) {
    if (!isObject(service) || (request.containers && !request.containers.includes(name))) continue;
    if (request.containers) named.push(name);
    const path = ['services', name];
    const say = (message: string, remedy?: Notice['remedy']) =>
      notices.push({ object: `service ${printable(name)}`, path, message, ...(remedy && { remedy }) });
    const old = listOf(member(service, OPTIONS));
    const options = optionsFor(old, request, say);
    if (!isSame(old, options)) changed = withOptions(changed, path, options);
    if (member(service, 'privileged') === true && request.profile === undefined)
      say('stays without a filter: it is privileged');
  }
  return { object: changed, notices, named };
}

function withOptions(document: Value, service: Path, options: readonly Value[]): Value {
  const own = valueAt(document, [...service, OPTIONS]);
  const merged = isObject(valueAt(document, service)) && own === undefined;
  // An empty list of its own keeps a merge from bringing the old one.
  if (options.length === 0 && !merged && !hasMerge(document, service))
    return withoutKey(document, [...service, OPTIONS]);
  return withMember(document, service, [OPTIONS], options);
}

function hasMerge(document: Value, service: Path): boolean {
  return valueAt(document, [...service, '<<']) !== undefined;
}

function optionsFor(
  old: readonly Value[],
  request: SecureRequest,
  say: (message: string, remedy?: Notice['remedy']) => void,
): readonly Value[] {
  let options = old;
  const isUnconfined = (option: Value) => seccompOf(option) === 'unconfined';
  if (options.some(isUnconfined)) {
    if (!request.replacesUnconfined) {
      say('is unconfined, and says so: left alone', 'replace-unconfined');
      return withoutEscalation(options, request);
    }
    // The first of them makes room for the profile, so that what stands around it stays.
    const first = options.findIndex(isUnconfined);
    options = options.flatMap((option, i) => {
      if (!isUnconfined(option)) return [option];
      return i === first && request.profile !== undefined ? [`seccomp=${request.profile}`] : [];
    });
  }
  return withoutEscalation(withProfile(options, request.profile), request);
}

/** The last option counts, so all that name a profile become one. */
function withProfile(options: readonly Value[], profile: string | undefined): readonly Value[] {
  if (profile === undefined) return options;
  const places = options.flatMap((option, i) => (seccompOf(option) === undefined ? [] : [i]));
  if (places.length === 0) return [...options, `seccomp=${profile}`];
  if (seccompOf(options[places[0]]) === profile && places.length === 1) return options;
  return options.flatMap((option, i) =>
    i === places[0] ? [`seccomp=${profile}`] : places.includes(i) ? [] : [option],
  );
}

function withoutEscalation(options: readonly Value[], request: SecureRequest): readonly Value[] {
  if (!request.noPrivilegeEscalation) return options;
  const isOn = (option: Value) => /^no-new-privileges([:=]true)?$/.test(String(option));
  if (options.some(isOn)) return options;
  const off = options.findIndex((option) => /^no-new-privileges[:=]/.test(String(option)));
  return off < 0 ? [...options, 'no-new-privileges:true'] : options.with(off, 'no-new-privileges:true');
}

/** What an option says of seccomp: a file, "unconfined", or nothing. */
function seccompOf(option: Value): string | undefined {
  return typeof option === 'string' && /^seccomp[:=]/.test(option)
    ? option.slice('seccomp:'.length)
    : undefined;
}
