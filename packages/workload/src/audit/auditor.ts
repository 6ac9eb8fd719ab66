import { lineMap } from '@callgate/engine';
import type { LocatedFinding } from '@callgate/engine/internal/report/findings';
import type { Tree } from '@callgate/engine/internal/source/tree';
import type { Piece } from '../documents/document-splitter.ts';
import { type ReadDocument, readDocument } from '../documents/read-document.ts';
import { isCompose } from '../engines/compose.ts';
import type { EngineContainer } from '../engines/engine-container.ts';
import { type Found, locate, placed } from '../findings/finding-maker.ts';
import { podsOf } from '../kubernetes/custom-pods.ts';
import { type KubeObject, objectsOf } from '../kubernetes/kube-object.ts';
import { type Namespace, readNamespace } from '../kubernetes/namespaces.ts';
import { type Constraint, readConstraint, readHandler } from '../kubernetes/security-constraints.ts';
import type { Audit, AuditedContainer, AuditOptions } from './audit.ts';
import { auditPod } from './audit-pod.ts';
import { type ConstrainedPod, constraintFindings } from './constraint-findings.ts';
import { DefaultFilters } from './default-filters.ts';
import { type EngineWorkloads, engineContainers, engineWorkloads } from './engine-workloads.ts';
import { LocalhostAudit } from './localhost-audit.ts';
import { mergeFindings } from './merge-findings.ts';
import { podSecurityFindings, type WaitingPod } from './pod-security-findings.ts';
import { yamlFindings } from './yaml-findings.ts';

/** Where something that waits for later documents is told. */
interface Waiting {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly pod: WaitingPod & ConstrainedPod;
}

/**
 * Audits documents one after the other, as they come. Of each it keeps what it found alone, and of a pod what a namespace that
 * comes later needs.
 */
export class Auditor {
  private readonly options: AuditOptions;
  private readonly defaults: DefaultFilters;
  private readonly localhost: LocalhostAudit;
  private readonly findings: LocatedFinding[] = [];
  private readonly containers: AuditedContainer[] = [];
  private readonly waiting: Waiting[] = [];
  private readonly namespaces = new Map<string, Namespace>();
  private readonly constraints: Constraint[] = [];
  private readonly handlers = new Map<string, string>();
  private documents = 0;
  private unread = 0;

  constructor(options: AuditOptions) {
    this.options = options;
    this.defaults = new DefaultFilters(options.target, options.defaults);
    this.localhost = new LocalhostAudit(options, this.defaults);
  }

  /** Takes the next document of a file; one of a folder of static pods is for the kubelet alone. */
  add(file: string, piece: Piece, { isStatic = false } = {}): void {
    if (piece.fault !== undefined) {
      this.notRead(file, piece, piece.fault, 0);
      return;
    }
    if (piece.isCut) {
      this.notRead(file, piece, 'it is longer than is read: 8 MiB of YAML, 64 MiB of JSON', 0);
      return;
    }
    const read = readDocument(piece.text, 'in-order', { fileName: file });
    const [fault] = read.faults;
    if (fault) {
      const isTemplate = /\{\{[-\s.$]|\{\{(?:include|template|if|range|with|end)\b/.test(piece.text);
      this.notRead(file, piece, isTemplate ? TEMPLATE : fault.message, fault.place.start, isTemplate);
      return;
    }
    if (!read.tree) return;
    this.documents++;
    this.addTree(
      file,
      piece,
      read,
      isCompose(read.tree) ? (readDocument(piece.text, 'keys-win').tree ?? read.tree) : read.tree,
      isStatic,
    );
  }

  /** Everything that was found, once the last document was given. */
  end(): Audit {
    for (const { file, line, column, pod } of this.waiting) {
      const namespace = this.namespaces.get(pod.namespace);
      const found = [
        ...podSecurityFindings(pod, namespace, this.options.podSecurity),
        ...constraintFindings(pod, this.constraints),
      ];
      for (const one of found) this.findings.push(placed(one, { file, line, column }));
    }
    return {
      findings: this.findings,
      containers: this.containers,
      documents: this.documents,
      unread: this.unread,
    };
  }

  private addTree(file: string, piece: Piece, read: ReadDocument, tree: Tree, isStatic: boolean): void {
    const positionOf = lineMap(piece.text);
    const place: DocumentPlace = {
      file,
      positionOf: (offset) => {
        const { line, column } = positionOf(offset);
        return { line: line + piece.line, column };
      },
    };
    const containers = engineContainers(tree, file, this.options);
    const found = containers
      ? this.auditEngine(containers, place)
      : this.auditObjects(tree, piece, read, place, isStatic);
    if (found.length > 0) append(this.findings, locate(found, file, piece.text, piece.line));
  }

  private auditEngine(containers: readonly EngineContainer[], place: DocumentPlace): readonly Found[] {
    const { options, localhost, defaults } = this;
    const audited = engineWorkloads(containers, place.file, options, localhost, defaults);
    this.keep(audited.containers, audited.inFiles, place);
    return audited.found;
  }

  private auditObjects(
    tree: Tree,
    piece: Piece,
    read: ReadDocument,
    place: DocumentPlace,
    isStatic: boolean,
  ): readonly Found[] {
    const { options, localhost, defaults, handlers } = this;
    const { objects, nestedLists } = objectsOf(tree);
    const found = [...nestedLists.map(nestedList), ...objects.flatMap((object) => this.learn(object))];
    const pods = objects.flatMap(podsOf);
    if (pods.length === 0) return found;
    let blanks = 0;
    const ofPods = pods.flatMap((site) => {
      const audited = auditPod(site, options, localhost, defaults, handlers, isStatic);
      const blank = audited.found.find((one) => isBlank(one, piece.text));
      if (blank) {
        blanks++;
        this.notRead(place.file, piece, TEMPLATE, blank.span.start, true);
        return [];
      }
      this.keep(audited.containers, audited.inFiles, place);
      this.waiting.push({ file: place.file, ...place.positionOf(audited.at), pod: audited.waiting });
      return audited.found;
    });
    if (blanks === pods.length) this.documents--;
    const ofYaml = yamlFindings(read.notes, piece.text, (offset) => place.positionOf(offset).line);
    return [...found, ...ofYaml, ...ofPods, ...mergeFindings(read, piece.text, pods, options.node)];
  }

  private keep(
    containers: EngineWorkloads['containers'],
    inFiles: readonly LocatedFinding[],
    { file, positionOf }: DocumentPlace,
  ): void {
    for (const { at, ...one } of containers)
      this.containers.push({ ...one, file, line: positionOf(at).line });
    append(this.findings, inFiles);
  }

  /** Takes in what an object says of others. */
  private learn(object: KubeObject): Found[] {
    const namespace = readNamespace(object);
    if (namespace) this.namespaces.set(namespace.name, namespace);
    const constraint = readConstraint(object);
    if (constraint) this.constraints.push(constraint);
    const handler = readHandler(object);
    if (handler) this.handlers.set(...handler);
    return namespace ? namespaceFindings(namespace) : [];
  }

  private notRead(file: string, piece: Piece, why: string, at: number, isTemplate = false): void {
    this.unread++;
    const span = { start: at, end: at + 1 };
    const fix = isTemplate ? 'render it first: helm template … | callgate audit -' : undefined;
    this.findings.push(
      ...locate(
        [{ code: 'not-read', severity: isTemplate ? 'info' : 'medium', message: why, span, fix }],
        file,
        piece.text,
        piece.line,
      ),
    );
  }
}

/** A document in its file. */
interface DocumentPlace {
  readonly file: string;
  /** Where an offset of it is in the file, both from 1. */
  positionOf(offset: number): { readonly line: number; readonly column: number };
}

function namespaceFindings({ name, faults }: Namespace): Found[] {
  return faults.map(({ code, fate, said, meaning, span, fix }) => ({
    code,
    severity: fate === 'refused' ? 'critical' : 'high',
    message: `Namespace/${name}: ${meaning}: ${said}`,
    span,
    fix,
  }));
}

const TEMPLATE = 'it is a template that is not rendered';

/** A refused value that a template is to fill in; who puts one there to hide a pod has it refused. */
function isBlank({ code, span }: Found, text: string): boolean {
  const isOfValue = code === 'unknown-type' || code === 'wrong-type-of-field';
  return isOfValue && text.slice(span.start, span.end).includes('{{');
}

/** Adds to a list, however many there are: so many arguments a call cannot have. */
function append<T>(list: T[], more: readonly T[]): void {
  for (const one of more) list.push(one);
}

function nestedList(span: Found['span']): Found {
  return {
    code: 'list-in-list',
    severity: 'high',
    message:
      'a List stands inside of a List: kubectl does not take it (is not a list: no Items field), and makes nothing of the document',
    span,
    fix: 'put its elements into the outer one',
  };
}
