/** The levels of the Pod Security Standards, the loosest first. */
export const LEVELS = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof LEVELS)[number];

/** A version of the standards: the minor release of Kubernetes 1, or the newest. */
export type StandardsVersion = number | 'latest';

/** A version such as v1.25 or latest; undefined for another text. */
export function standardsVersion(text: string | undefined): StandardsVersion | undefined {
  if (text === 'latest') return 'latest';
  const minor = /^v1\.(0|[1-9]\d{0,3})$/.exec(text ?? '')?.[1];
  return minor === undefined ? undefined : Number(minor);
}
