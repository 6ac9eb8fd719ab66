/** Subjects that are no files of the working folder. */
const ELSEWHERE = /^(stock|git):(.+)$/s;

/** The path of a file as tools compare it, without ./ in front; undefined for what is no file here, such as stdin. */
export function filePath(file: string): string | undefined {
  return file === '-' || ELSEWHERE.test(file) ? undefined : file.replace(/^(\.\/+)+(?=.)/, '');
}

/**
 * The same as a URI: a relative one for a relative path, file:///… for an absolute one, and stdin:-, stock:NAME, git:REV:PATH
 * for the others.
 */
export function fileUri(file: string): string {
  if (file === '-') return 'stdin:-';
  const elsewhere = ELSEWHERE.exec(file);
  // Colons and @ have no meaning behind the scheme, and the name stays readable.
  if (elsewhere) return `${elsewhere[1]}:${encoded(elsewhere[2]).replace(/%3A/g, ':').replace(/%40/g, '@')}`;
  const path = encoded(filePath(file)!);
  return path.startsWith('/') ? `file://${path}` : path;
}

/** Each part of a path as URIs have it; half of a surrogate pair, which they cannot hold, is replaced. */
function encoded(path: string): string {
  return path
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .split('/')
    .map(encodeURIComponent)
    .join('/');
}
