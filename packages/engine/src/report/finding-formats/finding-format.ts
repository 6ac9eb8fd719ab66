import type { LocatedDiagnostic } from '../diagnostics.ts';
import { aboutCode } from '../finding-codes.ts';
import type { LocatedFinding } from '../findings.ts';
import type { Style } from '../style.ts';

/** A finding that somebody bears. */
export type SuppressedFinding = LocatedFinding & {
  /** `until`: the last day on which it is, such as 2027-03-31. */
  readonly suppressed: { readonly reason: string; readonly until: string };
};

/** What a report is about. */
export interface ReportSubject {
  /** Of the command line, such as lint. */
  readonly verb: string;
  /** What was judged, one of them, such as profile. */
  readonly unit: string;
  /** What a code means, in a sentence or two. */
  aboutCode(code: string): string;
}

/** Reports of profiles. */
export const PROFILES: ReportSubject = { verb: 'lint', unit: 'profile', aboutCode };

/** All that lint, or gate, has to say of what it was given. */
export interface LintReport {
  /** By profile, and the worst of each first. */
  readonly findings: readonly LocatedFinding[];
  /** The grade of each profile, as it goes into JSON. */
  readonly grades?: readonly object[];
  /** Those that were mended, as they were. */
  readonly fixed?: readonly LocatedFinding[];
  /** Those that somebody bears for a time. */
  readonly suppressed?: readonly SuppressedFinding[];
  /** Why profiles could not be judged. */
  readonly diagnostics: readonly LocatedDiagnostic[];
  /** The profiles that were judged, named as findings name them in `file`. */
  readonly profiles: readonly string[];
  /** What sums it up for people, where that is not how many findings there are: the verdict on a change. */
  readonly verdict?: string;
  /** Without it: profiles. */
  readonly subject?: ReportSubject;
  /** What was audited, as it goes into JSON beside the findings: every container with the filter that it gets, nodes. */
  readonly audited?: { readonly containers: readonly object[]; readonly nodes?: readonly object[] };
  /** More of a page, in HTML with its CSS. */
  readonly appendix?: { readonly body: string; readonly style: string };
  /** What became of each profile, a line for each, where it was a change that was judged. */
  readonly changes?: readonly string[];
}

/** The program that found it. */
export interface Tool {
  readonly name: string;
  /** Such as 1.2.3. */
  readonly version: string;
  /** A page about it, as an absolute URI. */
  readonly informationUri?: string;
}

/** What a report is written with. */
export interface FindingWriting {
  readonly tool: Tool;
  /** For text. */
  readonly style?: Style;
  /** What people read leaves out findings that are only worth knowing (info), unless this is set; documents have them. */
  readonly all?: boolean;
  /** How people get what was left out, such as a flag; it is told after "with". */
  readonly allBy?: string;
}

/** One way to write down what lint found; each has a file of its own. */
export interface FindingFormat {
  readonly id: string;
  /** Who reads it, in a word or two. */
  readonly about: string;
  /** The whole text, with a line end at its end; empty where there is nothing to say. */
  write(report: LintReport, writing: FindingWriting): string;
}
