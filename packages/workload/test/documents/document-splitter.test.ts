import { DocumentSplitter, documentsOf } from '@callgate/workload';
import { MOST_YAML } from '@callgate/workload/internal/documents/document-splitter';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const texts = (text: string) => documentsOf(text).map((piece) => piece.text.trim());

describe('a stream of documents', () => {
  it('is cut at lines of three dashes, whatever follows them', () => {
    expect(texts('a: 1\n---\nb: 2\n--- # c\nc: 3\n---\n\n---\n')).toEqual(['a: 1', 'b: 2', 'c: 3']);
    expect(texts('--- {a: 1}\n---\r\nb: 2\r\n')).toEqual(['{a: 1}', 'b: 2']);
  });

  it('is not cut where dashes stand in a line or begin a word', () => {
    expect(texts('a: "---"\n----\n- ---\n---x\n')).toHaveLength(1);
  });

  it('keeps lines and columns of the stream', () => {
    const [, second] = documentsOf('a: 1\n---\n\nb: 2\n');
    expect(second.line + second.text.split('\n').indexOf('b: 2')).toBe(3);
    const [inline] = documentsOf('--- {a: 1}');
    expect(inline.text.indexOf('{')).toBe(4);
  });

  it('is the same in whatever chunks it comes', () => {
    const line = fc.constantFrom(
      '---\n',
      'a: 1\n',
      '--- # x\n',
      '---',
      ' ---\n',
      '\n',
      'b',
      '--- {c: 1}\r\n',
    );
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(9)), (lines, cuts) => {
        const text = lines.join('');
        const splitter = new DocumentSplitter();
        const found = [];
        let at = 0;
        for (const cut of [...cuts, text.length]) {
          found.push(...splitter.push(text.slice(at, at + cut)));
          at += cut;
        }
        found.push(...splitter.push(text.slice(at)), ...splitter.end());
        expect(found).toEqual(documentsOf(text));
      }),
    );
  });

  it('has more of JSON, also on one line', () => {
    const text = `{"a": "${'x'.repeat(MOST_YAML)}"}`;
    expect(documentsOf(text)).toEqual([{ text, line: 0 }]);
    expect(documentsOf(`a: ${'x'.repeat(MOST_YAML)}`)).toEqual([expect.objectContaining({ isCut: true })]);
  });

  it('lets go of a document that is too long, and goes on behind it', () => {
    const splitter = new DocumentSplitter();
    const line = `${'x'.repeat(1023)}\n`;
    const found = [];
    for (let size = 0; size <= MOST_YAML; size += line.length) found.push(...splitter.push(line));
    found.push(...splitter.push('---\na: 1\n'), ...splitter.end());
    expect(found.map(({ isCut }) => isCut)).toEqual([true, undefined]);
    expect(found[0].text.length).toBeLessThan(2000);
  });
});
