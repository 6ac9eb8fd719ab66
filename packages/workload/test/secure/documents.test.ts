import { describe, expect, it } from 'vitest';
import { secure } from '../../src/secure/secure.ts';
import { secured } from './securing.ts';

const POD = 'apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: b\n';

describe('templates of Helm', () => {
  it.each([
    [POD.replace('image: b', 'image: {{ .Values.image }}'), 'image: '],
    [POD.replace('image: b', 'image: "{{ .Values.image }}"'), 'image: "'],
    [`{{- if .Values.pod }}\n${POD}{{- end }}\n`, ''],
    [`${POD}---\n{{ range $x := list }}\n${POD}{{ end }}\n`, `${POD}---\n`],
    [POD.replace('spec:', '  labels: {{- include "x" . | nindent 4 }}\nspec:'), 'Pod\n  labels: '],
  ])('are refused with one line, at their place: %j', (text, before) => {
    const done = secure({ name: 'x.yaml', text }, {});
    expect(done).toMatchObject({
      kind: 'faulty',
      diagnostics: [{ message: expect.stringMatching(/^this is a template of Helm/) }],
    });
    if (done.kind === 'faulty')
      expect(text.slice(0, done.diagnostics[0].place.start).endsWith(before)).toBe(true);
  });

  it('are not what other tools write in braces', () => {
    const text = `${POD}    args: ["{{inputs.parameters.x}}"]\n---\nkind: ConfigMap\ndata:\n  # containers\n  t: |\n    {{ range .Alerts }}\n`;
    expect(secured(text).objects).toHaveLength(1);
  });
});

describe('files', () => {
  it('may be longer than what is read at once, and hold long schemas', () => {
    const crd = `kind: CustomResourceDefinition\nspec:\n  text: ${'containers '.repeat(40_000)}\n`;
    const many = Array.from({ length: 400 }, () => `# ${'x'.repeat(1000)}\n${POD}`).join('---\n');
    expect(secured(`${crd}---\n${many}`).objects).toHaveLength(400);
  });

  it('with faults are told at the place in the whole file', () => {
    const text = `${POD}---\n${POD}  containers: []\n`;
    expect(secure({ name: 'x.yaml', text }, {})).toMatchObject({
      kind: 'faulty',
      diagnostics: [{ code: 'duplicate-key', place: { start: text.lastIndexOf('containers') } }],
    });
  });

  it('with a multitude of aliases or documents are refused, which would take too long', () => {
    for (const text of [`${POD}x: &x a\ny:\n${'- *x\n'.repeat(9000)}`, '---\ncontainers: 1\n'.repeat(6000)])
      expect(secure({ name: 'x.yaml', text }, {})).toMatchObject({
        kind: 'faulty',
        diagnostics: [{ code: 'too-large' }],
      });
  });

  it('that are enormous are refused', () => {
    expect(secure({ name: 'x.yaml', text: 'x'.repeat(9 * 1024 * 1024) }, {})).toMatchObject({
      kind: 'faulty',
      diagnostics: [{ code: 'too-large' }],
    });
  });
});
