import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { describe, expect, it } from 'vitest';
import { matchesTranscript } from './transcript.ts';

const DOCS = join(import.meta.dirname, '../docs');
const FOLDER = join(DOCS, 'claims');
const PAGE = readFileSync(join(DOCS, 'claims.md'), 'utf8');

interface Command {
  readonly args: readonly string[];
  /** What the page shows of its output. */
  readonly shown: readonly string[];
}

interface Claim {
  readonly title: string;
  readonly verdict: string | undefined;
  readonly commands: readonly Command[];
}

const PROMPT = '$ callgate ';

function commandsOf(section: string): Command[] {
  const commands: { args: string[]; shown: string[] }[] = [];
  for (const [, transcript] of section.matchAll(/^```console\n([\s\S]*?)\n```$/gm))
    for (const line of transcript.split('\n'))
      if (line.startsWith(PROMPT)) commands.push({ args: line.slice(PROMPT.length).split(' '), shown: [] });
      else commands.at(-1)!.shown.push(line);
  return commands;
}

const claims: Claim[] = PAGE.split(/^### /m)
  .slice(1)
  .map((section) => ({
    title: section.slice(0, section.indexOf('\n')),
    verdict: /^.*\n\n\*\*(True|False|It depends)\.?\*\*/.exec(section)?.[1].toLowerCase(),
    commands: commandsOf(section),
  }));

/** The name that GitHub gives a heading. */
const anchorOf = (title: string) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

describe('docs/claims.md', () => {
  it('lists every claim with its verdict, in the order of the page', () => {
    expect(claims.length).toBeGreaterThanOrEqual(30);
    const listed = [...PAGE.matchAll(/^- \[(.*)\]\(#(.*)\): (.*)$/gm)].map(([, ...entry]) => entry);
    expect(listed).toEqual(claims.map(({ title, verdict }) => [title, anchorOf(title), verdict]));
  });

  it('shows something of a command for every claim', () => {
    const isEmpty = ({ shown }: Command) => shown.every((line) => line === '…');
    const bare = claims.filter(({ commands }) => commands.length === 0 || commands.some(isEmpty));
    expect(bare.map(({ title }) => title)).toEqual([]);
  });

  it('uses every file of docs/claims', () => {
    const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' });
    const manifests = files.filter((file) => file.endsWith('.yaml')).map((file) => join(FOLDER, file));
    const texts = [PAGE, ...manifests.map((file) => readFileSync(file, 'utf8'))].join('\n');
    const names = files.filter((file) => /\.\w+$/.test(file)).map((file) => file.replace('seccomp/', ''));
    expect(names.filter((name) => !texts.includes(name))).toEqual([]);
  });

  // Where no ABI is named, that of the machine is meant.
  describe.runIf(process.arch === 'x64')('shows what callgate says of', () => {
    it.each(claims)('$title', async ({ commands }) => {
      for (const { args, shown } of commands) {
        const { stdout, stderr } = await callgate(args, { cwd: FOLDER });
        const said = `${stderr}${stdout}`.replace(/\n$/, '').split('\n');
        if (!matchesTranscript(said, shown)) expect(said, `callgate ${args.join(' ')}`).toEqual(shown);
      }
    });
  });
});

it('README.md links the page', () => {
  expect(readFileSync(join(DOCS, '../README.md'), 'utf8')).toContain('](docs/claims.md)');
});

describe('a transcript', () => {
  const said = ['one line', '', 'two lines of many', 'the end'];

  it.each([
    [['one line', '', 'two lines of many', 'the end']],
    [['…', 'the end']],
    [['one line', '…']],
    [['one line', '', '… of many', '…']],
    [['…', 'two … of …', '…']],
    [['…', 'the end', '…']],
  ])('%j shows it', (shown) => {
    expect(matchesTranscript(said, shown)).toBe(true);
  });

  it.each([
    [['one line']],
    [['the end']],
    [['one line', '…', 'one line']],
    [['one line', 'two lines of many', 'the end']],
    [['…', 'two lines', '…']],
    [['…', 'two … of few', '…']],
    [['…', 'two lines … lines of many', '…']],
    [['…', 'the end', '', '…']],
    [[]],
  ])('%j does not', (shown) => {
    expect(matchesTranscript(said, shown)).toBe(false);
  });
});
