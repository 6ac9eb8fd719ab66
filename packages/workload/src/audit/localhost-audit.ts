import { hasErrors } from '@callgate/engine/internal/diagnostics/diagnostic';
import { FINDING_SEVERITIES } from '@callgate/engine/internal/lint/finding';
import type { Judged } from '@callgate/engine/internal/lint/judged';
import { locate } from '@callgate/engine/internal/report/diagnostics';
import { type LocatedFinding, locateFindings } from '@callgate/engine/internal/report/findings';
import { listed, printable } from '@callgate/engine/internal/report/words';
import { quote } from '@callgate/engine/internal/source/tree';
import type { AuditCode } from '../findings/codes.ts';
import type { Found } from '../findings/finding-maker.ts';
import type { NodeRuntime } from '../kubernetes/cluster-node.ts';
import { mountsAny, seccompVolumes } from '../kubernetes/host-volumes.ts';
import { type FileReader, type FileVerdict, judgeFile } from '../localhost/judge-file.ts';
import { meantFile } from '../localhost/meant-file.ts';
import { cleanPath, type ProfilesFolder } from '../localhost/profiles-folder.ts';
import type { AuditOptions } from './audit.ts';
import type { DefaultFilters } from './default-filters.ts';
import { type JudgedContainer, type JudgedPod, workloadName } from './judged-pod.ts';

/** What a container comes to once the file of its profile is opened. */
export interface OpenedContainer {
  readonly container: JudgedContainer;
  readonly found: readonly Found[];
  /** What lint finds in the file itself, which is told once. */
  readonly inFile: readonly LocatedFinding[];
}

/** Opens the files of Localhost profiles, each once for those who read it alike. */
export class LocalhostAudit {
  private readonly options: AuditOptions;
  private readonly verdicts = new Map<string, FileVerdict>();
  private readonly told = new Set<string>();
  private readonly defaults: DefaultFilters;

  constructor(options: AuditOptions, defaults: DefaultFilters) {
    this.options = options;
    this.defaults = defaults;
  }

  /** What becomes of a container of a pod; of one without a Localhost profile nothing else than before. */
  open(judged: JudgedPod, container: JudgedContainer): OpenedContainer {
    const { effective } = container;
    const path = effective.profile;
    if (effective.type !== 'Localhost' || path === undefined) return { container, found: [], inFile: [] };
    const { profiles } = this.options;
    if (!profiles || container.startedBy === 'sandbox')
      return { container, found: [this.unseen(judged, container, path)], inFile: [] };
    return this.openIn(profiles, judged, container, path);
  }

  /** Judges a file that an engine is given by its name. */
  judgeNamed(path: string, text: string, by: NamedReader): NamedVerdict {
    const { capabilities, ...who } = by;
    const reader: FileReader = { ...who, ...this.machine(who.runtime, capabilities) };
    const verdict = this.verdictOn(path, text, reader);
    switch (verdict.kind) {
      case 'loads':
        return { kind: 'loads', filter: verdict.judged, inFile: this.lintFindings(verdict, path, text) };
      case 'no-filter':
        return {
          kind: 'no-filter',
          code: 'localhost-no-filter',
          said: `runs without a filter: ${path} loads as NO filter: ${verdict.why}`,
          inFile: [],
        };
      case 'refused': {
        const { at } = firstFault(verdict, path, text);
        return {
          kind: 'stops',
          code: 'localhost-refused',
          said: `is not created: ${verdict.why}: ${path}${at}`,
          inFile: [],
        };
      }
      case 'cannot-start':
        return {
          kind: 'stops',
          code: 'localhost-cannot-start',
          said: `does not start: under ${path} ${who.startedBy} cannot go on: it calls ${listed(verdict.calls, 8)} itself`,
          inFile: [],
        };
    }
  }

  private openIn(
    profiles: ProfilesFolder,
    judged: JudgedPod,
    container: JudgedContainer,
    path: string,
  ): OpenedContainer {
    // The kubelet cleans what it joins; a space at the end stays.
    const clean = cleanPath(path);
    const entry = profiles.at(clean);
    const stops = (code: AuditCode, said: string, fix?: string): OpenedContainer => ({
      container: withEffect(container, 'NeverRuns', said),
      found: [this.found(judged, container, code, 'critical', `does not start: ${said}`, fix)],
      inFile: [],
    });
    switch (entry.kind) {
      case 'missing':
        return this.missing(profiles, judged, container, path, stops);
      case 'folder':
        return stops(
          'localhost-unreadable',
          `cannot load seccomp profile "${path}": it is a directory`,
          offerIn(clean, profiles.files),
        );
      case 'unreadable':
        return stops(
          'localhost-unreadable',
          `the file of the profile ${quote(path)} cannot be read: ${entry.why}`,
        );
      case 'file':
        return this.judged(profiles, judged, container, clean, entry.text, stops);
    }
  }

  private missing(
    { files }: ProfilesFolder,
    judged: JudgedPod,
    container: JudgedContainer,
    path: string,
    stops: Stops,
  ): OpenedContainer {
    const said = `cannot load seccomp profile "${path}": open ${path}: no such file or directory`;
    const writer = writerOf(judged);
    const stopped = stops('localhost-missing', said, offer(meantFile(path, files)));
    if (writer === undefined) return stopped;
    // Whoever writes into the folder may write this file, too.
    const message = `is not in the folder now, and container "${writer}" of the pod writes to it: ${said}`;
    return {
      ...stopped,
      container,
      found: [this.found(judged, container, 'localhost-missing', 'medium', message)],
    };
  }

  private judged(
    { name }: ProfilesFolder,
    pod: JudgedPod,
    container: JudgedContainer,
    path: string,
    text: string,
    stops: Stops,
  ): OpenedContainer {
    const reader = this.readerFor(container);
    const file = `${name.replace(/\/+$/, '')}/${path}`;
    const verdict = this.verdictOn(path, text, reader);
    switch (verdict.kind) {
      case 'no-filter':
        return {
          container: withEffect(
            container,
            'Unconfined',
            `the file ${path} loads as NO filter: ${verdict.why}`,
          ),
          found: [
            this.found(
              pod,
              container,
              'localhost-no-filter',
              'critical',
              `runs without a filter though its type is Localhost: ${path} loads as NO filter: ${verdict.why}; Pod Security passes it`,
              'put a profile there: {"defaultAction": …, "syscalls": […]}',
            ),
          ],
          inFile: [],
        };
      case 'refused': {
        const { at, remedy } = firstFault(verdict, file, text);
        return stops('localhost-refused', `${verdict.why}: ${path}${at}`, remedy);
      }
      case 'cannot-start':
        return stops(
          'localhost-cannot-start',
          `under ${path} ${reader.startedBy} cannot go on: it calls ${listed(verdict.calls, 8)} itself ${reader.noNewPrivs ? 'before it executes the program' : 'without allowPrivilegeEscalation: false'}`,
          this.wayToStart(path, text, reader),
        );
      case 'loads':
        return {
          container: { ...container, filter: verdict.judged },
          found: verdict.dropped ? [this.droppedKeys(pod, container, path)] : [],
          inFile: this.lintFindings(verdict, file, text),
        };
    }
  }

  private verdictOn(path: string, text: string, reader: FileReader): FileVerdict {
    const { runtime, startedBy, noNewPrivs, target } = reader;
    const key = JSON.stringify([path, runtime, startedBy, noNewPrivs, target.capabilities]);
    const known = this.verdicts.get(key) ?? judgeFile(path, text, reader);
    this.verdicts.set(key, known);
    return known;
  }

  private readerFor({ capabilities, noNewPrivs, startedBy }: JudgedContainer): FileReader {
    return {
      runtime: this.options.node.runtime,
      startedBy: startedBy === 'sandbox' ? 'runc' : startedBy,
      noNewPrivs,
      ...this.machine(this.options.node.runtime, capabilities.bounding),
    };
  }

  /** The machine for a container with these capabilities, and what it would have by default. */
  private machine(
    runtime: NodeRuntime,
    capabilities: readonly string[],
  ): Pick<FileReader, 'target' | 'usual'> {
    const target = { ...this.options.target, capabilities };
    return { target, usual: this.defaults.usual(runtime, capabilities) };
  }

  /** Whether it would start if the pod gave up to gain rights. */
  private wayToStart(path: string, text: string, reader: FileReader): string {
    const allow = `allow what ${reader.startedBy} needs: callgate build --runtime ${reader.startedBy}`;
    if (reader.noNewPrivs) return allow;
    const { kind } = this.verdictOn(path, text, { ...reader, noNewPrivs: true });
    return kind === 'loads' ? `set allowPrivilegeEscalation: false: then it starts; or ${allow}` : allow;
  }

  private lintFindings(
    { findings }: Extract<FileVerdict, { kind: 'loads' }>,
    file: string,
    text: string,
  ): LocatedFinding[] {
    const isGrave = ({ severity }: { severity: (typeof FINDING_SEVERITIES)[number] }) =>
      FINDING_SEVERITIES.indexOf(severity) <= FINDING_SEVERITIES.indexOf('medium');
    // How the runtime starts was judged for each container.
    const others = findings.filter((finding) => isGrave(finding) && finding.code !== 'cannot-start');
    return locateFindings(others, printable(file), text).filter((finding) => {
      // Those who read it in another way may find the same.
      const key = `${finding.file} ${finding.line} ${finding.code} ${finding.message}`;
      if (this.told.has(key)) return false;
      this.told.add(key);
      return true;
    });
  }

  private unseen(judged: JudgedPod, container: JudgedContainer, path: string): Found {
    const why =
      container.startedBy === 'sandbox'
        ? 'its class of runtimes has a kernel of its own, and whether this filter is in force there is for it to say'
        : 'nobody has looked whether the file is there, and what it says';
    return this.found(judged, container, 'localhost-unseen', 'info', `names ${quote(path)}; ${why}`);
  }

  private droppedKeys(judged: JudgedPod, container: JudgedContainer, path: string): Found {
    const message = `${path} has keys of Docker (includes, excludes, archMap): containerd drops them, so that its rules hold for every machine and every capability`;
    return this.found(
      judged,
      container,
      'localhost-drops-keys',
      'high',
      message,
      'write it for this machine: callgate convert --to oci',
    );
  }

  private found(
    { pod }: JudgedPod,
    { container, effective }: JudgedContainer,
    code: AuditCode,
    severity: Found['severity'],
    message: string,
    fix?: string,
  ): Found {
    const field = effective.from === 'pod' ? pod.profile : container.profile;
    return {
      code,
      severity,
      message: `${workloadName(pod)}: container "${container.site.name}" ${message}`,
      span: field?.fileSpan ?? field?.span ?? container.span,
      fix,
    };
  }
}

/** Who reads a file that an engine is given. */
export type NamedReader = Pick<FileReader, 'runtime' | 'startedBy' | 'noNewPrivs'> & {
  /** The bounding set, as CAP_* names. */
  readonly capabilities: readonly string[];
};

/** What becomes of it. */
export type NamedVerdict =
  | { readonly kind: 'loads'; readonly filter: Judged; readonly inFile: readonly LocatedFinding[] }
  | {
      readonly kind: 'no-filter' | 'stops';
      readonly code: AuditCode;
      readonly said: string;
      readonly inFile: readonly LocatedFinding[];
    };

/** Where the first fault of a refused file is, in words, and what to do about it. */
function firstFault(
  { diagnostics }: Extract<FileVerdict, { kind: 'refused' }>,
  file: string,
  text: string,
): { readonly at: string; readonly remedy?: string } {
  const errors = diagnostics.filter((d) => hasErrors([d]));
  const [first] = locate(errors, printable(file), text);
  if (!first) return { at: '' };
  return { at: ` (${first.file}:${first.line}:${first.column}: ${first.message})`, remedy: first.remedy };
}

type Stops = (code: AuditCode, said: string, fix?: string) => OpenedContainer;

function offer(meant: string | undefined): string | undefined {
  return meant === undefined ? undefined : `write localhostProfile: ${printable(meant)}`;
}

/** The files of a folder that is named in place of one of them. */
function offerIn(folder: string, files: readonly string[]): string | undefined {
  const inside = files.filter((file) => file.startsWith(`${folder}/`));
  if (inside.length === 0) return undefined;
  return `name a file in it: ${listed(inside.map(printable), 5)}`;
}

function withEffect(
  container: JudgedContainer,
  type: 'NeverRuns' | 'Unconfined',
  because: string,
): JudgedContainer {
  const { effective } = container;
  return { ...container, effective: { ...effective, type, because } };
}

/** A container of the pod that mounts the kubelet's folder, and so may put the file there. */
function writerOf({ pod, containers }: JudgedPod): string | undefined {
  const volumes = seccompVolumes(pod.site.spec);
  if (volumes.size === 0) return undefined;
  const writer = containers.find(
    ({ container: { site } }) => site.role === 'init' && mountsAny(site.tree, volumes),
  );
  return writer?.container.site.name;
}
