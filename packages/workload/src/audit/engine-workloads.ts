import type { Judged } from '@callgate/engine/internal/lint/judged';
import type { LocatedFinding } from '@callgate/engine/internal/report/findings';
import { quote, type Tree } from '@callgate/engine/internal/source/tree';
import { readDocument } from '../documents/read-document.ts';
import { composeServices, isCompose } from '../engines/compose.ts';
import type { EngineContainer } from '../engines/engine-container.ts';
import { inspectedContainers } from '../engines/inspected.ts';
import { configContainer, isConfig } from '../engines/oci-config.ts';
import type { AuditCode } from '../findings/codes.ts';
import type { Found } from '../findings/finding-maker.ts';
import { capabilitySet, capabilityWords } from '../kubernetes/capability-set.ts';
import type { NodeRuntime, StartedBy } from '../kubernetes/cluster-node.ts';
import type { EffectiveProfile } from '../kubernetes/effective-profile.ts';
import { shapeOfProfile } from '../localhost/profile-shape.ts';
import type { AuditedContainer, AuditOptions, StoryLine } from './audit.ts';
import { openedCalls } from './capability-findings.ts';
import type { DefaultFilters } from './default-filters.ts';
import type { LocalhostAudit } from './localhost-audit.ts';

/** What is said of a document that is none of Kubernetes. */
export interface EngineWorkloads {
  readonly found: readonly Found[];
  readonly inFiles: readonly LocatedFinding[];
  readonly containers: readonly (Omit<AuditedContainer, 'file' | 'line'> & { readonly at: number })[];
}

/** The containers of compose, of what engines say of theirs, of a runtime's config.json; undefined for other documents. */
export function engineContainers(
  tree: Tree,
  file: string,
  options: AuditOptions,
): EngineContainer[] | undefined {
  if (isCompose(tree)) {
    // Many services take over from the same file.
    const read = new Map<string, Tree | undefined>();
    return composeServices(tree, (path) => {
      if (!read.has(path)) read.set(path, composeBeside(file, path, options));
      return read.get(path);
    });
  }
  return isConfig(tree) ? [configContainer(tree)] : inspectedContainers(tree);
}

/** Another compose file, from which a service takes over. */
function composeBeside(file: string, path: string, { beside }: AuditOptions): Tree | undefined {
  const entry = beside?.(file, path);
  return entry?.kind === 'file' ? readDocument(entry.text, 'keys-win').tree : undefined;
}

/** What is said of them. A compose file's profiles are relative to its folder. */
export function engineWorkloads(
  containers: readonly EngineContainer[],
  file: string,
  options: AuditOptions,
  localhost: LocalhostAudit,
  defaults: DefaultFilters,
): EngineWorkloads {
  const all = containers.map((container) =>
    new EngineAudit(container, file, options, localhost, defaults).result(),
  );
  return {
    found: all.flatMap(({ found }) => found),
    inFiles: all.flatMap(({ inFiles }) => inFiles),
    containers: all.map(({ container }) => container),
  };
}

/** Docker from this release on loads a profile that is named for a privileged container (moby #47500). */
const FIRST_PRIVILEGED_PROFILE = 27;

class EngineAudit {
  private readonly one: EngineContainer;
  private readonly file: string;
  private readonly options: AuditOptions;
  private readonly localhost: LocalhostAudit;
  private readonly defaults: DefaultFilters;
  private filter: Judged | undefined;
  private readonly runtime: NodeRuntime;
  private readonly found: Found[] = [];
  private inFiles: readonly LocatedFinding[] = [];

  constructor(
    one: EngineContainer,
    file: string,
    options: AuditOptions,
    localhost: LocalhostAudit,
    defaults: DefaultFilters,
  ) {
    this.defaults = defaults;
    this.one = one;
    this.file = file;
    this.options = options;
    this.localhost = localhost;
    // Whoever is asked for pods alone is not the engine of compose.
    const { runtime } = options.node;
    this.runtime = one.engine ?? (runtime === 'podman' ? 'podman' : 'docker');
  }

  result(): {
    container: EngineWorkloads['containers'][number];
    found: readonly Found[];
    inFiles: readonly LocatedFinding[];
  } {
    const { workload, container, privileged, noNewPrivs, span, added, dropped, overridden } = this.one;
    const capabilities = capabilitySet(this.runtime, added, dropped);
    const bounding = this.one.bounding ?? capabilities.bounding;
    const effective = this.effective(bounding);
    if (effective.type === 'RuntimeDefault') this.filter = this.defaults.judged(this.runtime, bounding);
    if (overridden.length > 0)
      this.tell(
        'option-overridden',
        'medium',
        'names several profiles: the last one counts',
        overridden[0],
        'keep one',
      );
    this.tellUnfiltered(effective);
    this.tellWidening(effective, added);
    return {
      container: {
        workload,
        container,
        role: 'container',
        effective,
        baseline: true,
        restricted: true,
        privileged,
        noNewPrivs,
        capabilities: bounding,
        startedBy: this.starter(),
        ...(this.options.tellsStoryOf?.(container) && { story: this.story(effective, bounding) }),
        runtime: this.runtime,
        ...(this.filter && { filter: this.filter }),
        at: span.start,
      },
      found: this.found,
      inFiles: this.inFiles,
    };
  }

  private story(effective: EffectiveProfile, bounding: readonly string[]): StoryLine[] {
    const { named, privileged, noNewPrivs } = this.one;
    const said = {
      default: 'nothing',
      none: 'unconfined',
      inline: 'a profile',
      file: `the file ${named.kind === 'file' ? named.path : ''}`,
    };
    return [
      { who: 'the options', says: `name ${said[named.kind]}` },
      ...(privileged ? [{ who: 'privileged', says: 'yes' }] : []),
      { who: this.runtime, says: effective.because },
      {
        who: 'capabilities',
        says: capabilityWords(this.runtime, bounding) || `those that ${this.runtime} gives by itself`,
      },
      {
        who: this.starter(),
        says: noNewPrivs
          ? 'loads the filter last, with no_new_privs'
          : 'loads the filter before it gives up its rights',
      },
    ];
  }

  private starter(): StartedBy {
    return this.runtime === 'podman' ? 'crun' : 'runc';
  }

  private effective(bounding: readonly string[]): EffectiveProfile {
    const { named, privileged } = this.one;
    if (named.kind === 'none')
      return { type: 'Unconfined', because: 'its options say unconfined', from: 'container' };
    if (privileged && !this.takesProfileWhenPrivileged())
      return this.privilegedWithout(named.kind === 'file' || named.kind === 'inline');
    switch (named.kind) {
      case 'default':
        return {
          type: 'RuntimeDefault',
          because: `nothing names a profile: the default of ${this.runtime}`,
          from: 'engine',
        };
      case 'inline':
        return this.inline(named);
      case 'file':
        return this.fromFile(named, bounding);
    }
  }

  private takesProfileWhenPrivileged(): boolean {
    if (this.one.named.kind === 'default') return false;
    if (this.runtime === 'podman') return true;
    const { release } = this.dockerRelease();
    return release !== undefined && release >= FIRST_PRIVILEGED_PROFILE;
  }

  private dockerRelease(): { readonly release?: number } {
    const { runtime, release } = this.options.node;
    return runtime === 'docker' && release ? { release: release[0] } : {};
  }

  private privilegedWithout(names: boolean): EffectiveProfile {
    const { release } = this.dockerRelease();
    const privileged = 'privileged containers get no filter';
    if (!names || release !== undefined)
      return {
        type: 'Unconfined',
        because: names
          ? `Docker ${release} gives privileged containers no filter, also where one is named`
          : privileged,
        from: 'privileged',
      };
    this.tell(
      'privileged-unconfined',
      'medium',
      'is privileged and names a profile: before Docker 27 (moby #47500) it runs without a filter, from then on with that profile',
      this.one.span,
      'say which release it is: --runtime docker@V',
    );
    return {
      type: 'Unknown',
      because: 'privileged with a profile: before Docker 27 no filter, from then on the profile',
      from: 'privileged',
    };
  }

  private inline({
    text,
    span,
    tree,
  }: {
    readonly text: string;
    readonly span: Found['span'];
    readonly tree?: Tree;
  }): EffectiveProfile {
    const shape = shapeOfProfile(tree ?? text);
    if (shape.kind === 'profile')
      return {
        type: 'Localhost',
        profile: 'inline',
        because: 'the profile stands in the document',
        from: 'container',
      };
    if (shape.kind === 'none') {
      this.tell(
        'localhost-no-filter',
        'critical',
        `has a profile that loads as NO filter: ${shape.why}`,
        span,
      );
      return {
        type: 'Unconfined',
        profile: 'inline',
        because: `the profile loads as NO filter: ${shape.why}`,
        from: 'container',
      };
    }
    this.tell('localhost-refused', 'critical', `has a profile that is refused: ${shape.why}`, span);
    return { type: 'NeverRuns', profile: 'inline', because: shape.why, from: 'fault' };
  }

  private fromFile(
    named: { readonly path: string; readonly span: Found['span'] },
    bounding: readonly string[],
  ): EffectiveProfile {
    const { path, span } = named;
    if (/\$(?:\w|\{)/.test(path) && !this.one.engine)
      return {
        type: 'Unknown',
        because: `its options name ${quote(path)}, which depends on a variable`,
        from: 'container',
      };
    const because = 'its options name the file';
    // What an engine prints speaks of files of another time, and maybe of another machine.
    const entry = this.one.engine ? undefined : this.options.beside?.(this.file, path);
    const stops = (said: string, fix?: string): EffectiveProfile => {
      this.tell('option-refused', 'critical', `is not created: ${said}`, span, fix);
      return { type: 'NeverRuns', profile: path, because: said, from: 'fault' };
    };
    if (!entry) return { type: 'Localhost', profile: path, because, from: 'container' };
    if (entry.kind === 'missing')
      return stops(
        `opening seccomp profile (${path}) failed: no such file or directory`,
        /^unconfined$/i.test(path.trim())
          ? 'write unconfined in lower case, or name a profile'
          : `put a profile at ${quote(path)}, relative to the folder of the compose file`,
      );
    if (entry.kind !== 'file')
      return stops(
        `opening seccomp profile (${path}) failed: ${entry.kind === 'folder' ? 'it is a folder' : entry.why}`,
      );
    const opened = this.localhost.judgeNamed(besideName(this.file, path), entry.text, {
      runtime: this.runtime,
      startedBy: this.starter(),
      noNewPrivs: this.one.noNewPrivs,
      capabilities: bounding,
    });
    this.inFiles = opened.inFile;
    if (opened.kind === 'loads') this.filter = opened.filter;
    if (opened.kind === 'loads') return { type: 'Localhost', profile: path, because, from: 'container' };
    this.tell(opened.code, 'critical', opened.said, span);
    return {
      type: opened.kind === 'no-filter' ? 'Unconfined' : 'NeverRuns',
      profile: path,
      because: opened.said,
      from: 'fault',
    };
  }

  private tellUnfiltered({ type, because, profile, from }: EffectiveProfile): void {
    if (type !== 'Unconfined' || profile !== undefined) return;
    const isPrivileged = from === 'privileged';
    this.tell(
      isPrivileged ? 'privileged-unconfined' : 'unconfined',
      isPrivileged ? 'medium' : 'high',
      `runs without a seccomp filter: ${because}`,
      this.one.span,
      isPrivileged
        ? 'give it the capabilities that it needs in place of privileged'
        : 'remove the option, or name a profile',
    );
  }

  private tellWidening({ type }: EffectiveProfile, added: EngineContainer['added']): void {
    const usual = this.options.defaults[this.runtime];
    if (type !== 'RuntimeDefault' || !usual) return;
    for (const { name, span } of added) {
      const words = openedCalls(usual, [name]);
      if (words)
        this.tell(
          'capability-widens',
          'medium',
          `has ${name} in its bounding set, which widens the default profile by ${words}`,
          span,
          `drop ${name} if it is not needed`,
        );
    }
  }

  private tell(
    code: AuditCode,
    severity: Found['severity'],
    message: string,
    span: Found['span'],
    fix?: string,
  ): void {
    this.found.push({ code, severity, message: `${this.one.workload} ${message}`, span, fix });
  }
}

/** What a file that another one names is called from where that one is. */
function besideName(file: string, path: string): string {
  const folder = file.includes('/') ? `${file.slice(0, file.lastIndexOf('/'))}/` : '';
  return path.startsWith('/') ? path : folder + path.replace(/^(?:\.\/)+/, '');
}
