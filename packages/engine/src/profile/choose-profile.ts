import { type Diagnostic, didYouMean, error, hasErrors, type Result } from '../diagnostics/diagnostic.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { quote, type Tree } from '../source/tree.ts';
import { type CarriedProfile, findProfiles, namedProfiles } from './carriers.ts';

/** Names in a message. */
const MOST_LISTED = 5;

/** The tree of the one profile that is meant. */
export function chosenProfile(
  documents: readonly Tree[],
  text: string,
  part: string | undefined,
): Result<Tree> {
  const all = findProfiles(documents, text);
  if (all.length > 0) return chosenOf(all, part);
  const fault = whyNone(documents);
  // What else is wrong with it, such as a missing key, is found when it is read as a profile.
  return fault ? { diagnostics: [fault] } : { value: documents[0], diagnostics: [] };
}

/** The same of the profiles that were found in a text, one at least. */
export function chosenOf(all: readonly CarriedProfile[], part: string | undefined): Result<Tree> {
  const found = part === undefined ? all : all.filter(({ name }) => name === part);
  const [first, second] = found;
  if (second) return { diagnostics: [severalProfiles(found)] };
  if (!first) return { diagnostics: [noSuchPart(part!, all)] };
  const { tree, diagnostics } = first;
  return hasErrors(diagnostics) ? { diagnostics } : { value: tree, diagnostics };
}

function severalProfiles(found: readonly CarriedProfile[]): Diagnostic {
  const names = found.slice(0, MOST_LISTED).map(({ name }) => quote(name));
  const which = `${names.join(', ')}${found.length > MOST_LISTED ? ', …' : ''}`;
  return error('several-profiles', `the text holds ${found.length} profiles: ${which}`, found[1].tree.span, {
    kind: 'choose-part',
    parts: found.map(({ name }) => name),
  });
}

function noSuchPart(part: string, all: readonly CarriedProfile[]): Diagnostic {
  const names = all.map(({ name }) => name);
  const meant = suggest(part, names);
  return error(
    'several-profiles',
    `no profile of the text is called ${quote(part)}`,
    all[0].tree.span,
    didYouMean(meant) ?? { kind: 'choose-part', parts: names },
  );
}

/** Why a text without "defaultAction" is no profile, where that is plain from what it is. */
function whyNone(documents: readonly Tree[]): Diagnostic | undefined {
  const [first, second] = documents;
  if (!first) return error('yaml-syntax', 'the document is empty', { start: 0, end: 0 });
  const named = namedProfiles(documents);
  if (named.length > 0) {
    const names = [...new Set(named.map(({ name }) => quote(name)))].slice(0, MOST_LISTED).join(', ');
    return error(
      'names-profile',
      `the document holds no profile, it only names ${named.length > 1 ? 'some' : 'one'}: ${names}`,
      named[0].tree.span,
      { kind: 'read-named' },
    );
  }
  if (first.kind === 'object' && first.entries.length === 0)
    return error(
      'no-filter',
      'an empty object is no filter: runc, Docker and Podman load none and allow every call, crun refuses it',
      first.span,
      'add "defaultAction": "SCMP_ACT_ERRNO", or what you want',
    );
  return second && error('yaml-syntax', `none of ${documents.length} documents is a profile`, second.span);
}
