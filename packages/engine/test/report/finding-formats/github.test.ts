import { github } from '@callgate/engine/internal/report/finding-formats/github';
import { expect, it } from 'vitest';
import { sample, tool } from './sample-report.ts';

const write = (all = false) => github.write(sample, { tool, all });

it('as annotations of GitHub, the worst first, columns only on one line', () => {
  expect(write(true)).toBe(
    `${[
      '::error title=callgate json-syntax::-: no JSON',
      '::error file=a b/web.json,line=3,endLine=3,col=5,endColumn=9,title=callgate compares-unused-bits::ioctl, 100%25 of it, passes%0Acall: ioctl(cmd=TIOCSTI) on x86_64%0Afix: compare 32 bits',
      '::warning file=map.yaml,line=7,endLine=9,title=callgate rule-dropped::map.yaml#one: does nothing (see line 2)',
      '::notice title=callgate absent-everywhere::stock:docker@26: not here',
      '1 critical, 1 medium in 4 profiles',
    ].join('\n')}\n`,
  );
  expect(write()).not.toContain('::notice');
});
