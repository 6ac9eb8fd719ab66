import { type ParserError, parse, type DefaultTreeAdapterTypes as Tree } from 'parse5';
import { expect } from 'vitest';

/** An element, as a browser makes it of a page. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The text in it and in what it holds. */
  readonly text: string;
  readonly children: readonly Element[];
}

/** Every element of a page, which must be without a fault of syntax; each before what it holds. */
export function elementsOf(html: string): Element[] {
  const faults: ParserError[] = [];
  const document = parse(html, { onParseError: (fault) => faults.push(fault) });
  expect(faults).toEqual([]);
  return document.childNodes.flatMap((node) => ('tagName' in node ? withInner(elementOf(node)) : []));
}

/** Those that have a class. */
export function withClass(elements: readonly Element[], name: string): Element[] {
  return elements.filter(({ attributes }) => attributes.class?.split(' ').includes(name));
}

function withInner(element: Element): Element[] {
  return [element, ...element.children.flatMap(withInner)];
}

function elementOf(node: Tree.Element): Element {
  return {
    name: node.tagName,
    attributes: Object.fromEntries(node.attrs.map(({ name, value }) => [name, value])),
    text: textOf(node),
    children: node.childNodes.flatMap((child) => ('tagName' in child ? elementOf(child) : [])),
  };
}

function textOf(node: Tree.Element): string {
  return node.childNodes
    .map((child) => ('value' in child ? child.value : 'tagName' in child ? textOf(child) : ''))
    .join('');
}
