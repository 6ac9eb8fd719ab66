import { InvalidArgumentError } from 'commander';

/** For flags that mean one thing: the second would silently replace the first. */
export function once(value: string, before: string | undefined): string {
  if (before !== undefined) throw new InvalidArgumentError('It was given twice.');
  return value;
}
