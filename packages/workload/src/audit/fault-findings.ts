import type { FindingSeverity } from '@callgate/engine/internal/lint/finding';
import type { AuditCode } from '../findings/codes.ts';
import type { Found } from '../findings/finding-maker.ts';
import type { ApiFault, Fate } from '../kubernetes/api-fault.ts';
import { type JudgedPod, workloadName } from './judged-pod.ts';

/** Faults of fields as what they come to. */
export function faultFindings(judged: JudgedPod, faults: readonly ApiFault[], isStatic: boolean): Found[] {
  return faults.map((fault) => ({
    code: fault.code,
    severity: severityOf(fault),
    message: `${workloadName(judged.pod)}: ${words(fault, judged, isStatic)}`,
    span: fault.span,
    fix: fault.fix,
  }));
}

const SEVERITIES: Readonly<Record<Fate, FindingSeverity>> = {
  refused: 'critical',
  dropped: 'high',
  'on-node': 'critical',
  warned: 'medium',
};

/** What its author takes for a filter, and is none. */
const LOST_PROFILES: readonly AuditCode[] = ['wrong-level', 'misspelt-field'];

function severityOf({ code, fate, said, meaning }: ApiFault): FindingSeverity {
  if (LOST_PROFILES.includes(code) && /seccompprofile/i.test(said + meaning)) return 'critical';
  if (code === 'annotation-ignored') return /no field takes/.test(meaning) ? 'high' : 'low';
  return SEVERITIES[fate];
}

function words({ fate, said, meaning }: ApiFault, { pod }: JudgedPod, isStatic: boolean): string {
  switch (fate) {
    case 'refused':
      if (isStatic) return `${meaning}: the kubelet does not run it, and only its log says so: ${said}`;
      return pod.site.isBuiltIn
        ? `${meaning}: the API server refuses it: ${said}`
        : `${meaning}: the API server takes the ${pod.site.object.kind}, and refuses the pods that are made of it: ${said}`;
    case 'dropped':
      if (isStatic) return `${meaning}: ${said}: the kubelet drops it without a word`;
      return pod.site.isBuiltIn
        ? `${meaning}: ${said} (kubectl refuses it; Helm: field not declared in schema; where fields are not validated strictly it is dropped silently)`
        : `${meaning}: ${said}`;
    case 'on-node':
      return `${meaning}: ${said}`;
    case 'warned':
      return `${meaning}: Warning: ${said}`;
  }
}
