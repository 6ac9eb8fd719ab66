import type { Addition, Extension } from '../build/extend.ts';
import { Diagram } from '../diagram/diagram.ts';
import { conditionsDiagram } from '../policy/condition.ts';
import { describeArguments } from './arguments.ts';
import { formatReason } from './origin.ts';
import type { Style } from './style.ts';
import { plural, printable } from './words.ts';

/** What was added to a base and why, a line each, and whether it is proven that nothing else was. */
export function extensionLines(style: Style, base: string, extension: Extension, runs: number): string[] {
  const { added, exact } = extension;
  const name = printable(base);
  const notes = noteLines(style, name, extension);
  if (added.length === 0) return [`${style.bold('nothing added')} to ${name}`, ...notes];
  const width = Math.max(...added.map((addition) => addition.name.length));
  return [
    `${style.bold(`${plural(added.length, 'call')} added`)} to ${name}:`,
    ...added.map(
      (addition) =>
        `  ${addition.name.padEnd(width)}  ${argumentsText(addition)}${printable(formatReason(addition.reasons[0], runs))}`,
    ),
    exact
      ? `${style.green('proven')}: what passes is what ${name} lets pass and these calls, and nothing else`
      : `${style.red('not proven')}: rules of ${name} and these calls decide something else together; callgate diff shows it`,
    ...notes,
  ];
}

/** What was recorded and not added. */
function noteLines(style: Style, name: string, { uncovered, takesClone }: Extension): string[] {
  return [
    ...(takesClone
      ? [`clone3 was not added: ${name} answers ENOSYS, on which libraries take clone, with its conditions`]
      : []),
    ...uncovered.map(
      (abi) =>
        `${style.yellow('left out')}: calls of ${abi}, which ${name} does not cover; add it to its architectures`,
    ),
  ];
}

function argumentsText({ name, alternatives }: Addition): string {
  if (alternatives.length === 0) return '';
  const diagram = new Diagram();
  const root = alternatives.reduce(
    (any, all) => diagram.or(any, conditionsDiagram(diagram, all, 64)),
    Diagram.FALSE as number,
  );
  return `where ${describeArguments({ diagram, root }, name)}; `;
}

/** As keys of a JSON document. */
export function extensionDocument(base: string, { added, uncovered, takesClone, exact }: Extension): object {
  return {
    subject: base,
    exact,
    uncovered,
    takesClone,
    added: added.map(({ name, alternatives, reasons }) => ({
      name,
      alternatives: alternatives.map((all) =>
        all.map(({ argument, operator, value, valueTwo }) => ({
          index: argument,
          op: `SCMP_CMP_${operator}`,
          value: String(value),
          valueTwo: String(valueTwo),
        })),
      ),
      reasons,
    })),
  };
}
