import { CliFailure } from '../context.ts';

/** For a flag that names one thing: empty, or a second time, it says nothing that could be meant. */
export function givenOnce(flag: string): (value: string, before: unknown) => string {
  return (value, before) => {
    if (value === '') throw new CliFailure(`${flag} names nothing`);
    if (typeof before === 'string') throw new CliFailure(`${flag} is given twice, and takes one`);
    return value;
  };
}
