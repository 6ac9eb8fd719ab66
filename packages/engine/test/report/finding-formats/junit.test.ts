import { junit } from '@callgate/engine/internal/report/finding-formats/junit';
import { expect, it } from 'vitest';
import { sample, tool } from './sample-report.ts';

const write = () => junit.write(sample, { tool });

it('as tests of JUnit, one that passes where nothing was found', () => {
  const xml = write();
  expect(xml).toContain('<testsuites name="callgate lint" tests="5" failures="2" errors="1">');
  expect(xml).toContain('<testcase classname="tidy.json" name="nothing found"/>');
  expect(xml).toContain('<error type="json-syntax" message="no JSON">-:1:1: error: no JSON</error>');
  expect(xml).toContain(
    '<failure type="compares-unused-bits" message="ioctl, 100% of it, passes">./a b/web.json:3:5: critical: ioctl, 100% of it, passes\ncall: ioctl(cmd=TIOCSTI) on x86_64\nfix: compare 32 bits</failure>',
  );
  expect(xml).toContain('<system-out>stock:docker@26:1:2: info: not here</system-out>');
});
