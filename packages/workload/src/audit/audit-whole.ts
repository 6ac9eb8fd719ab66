import { documentsOf } from '../documents/document-splitter.ts';
import type { Audit, AuditOptions } from './audit.ts';
import { Auditor } from './auditor.ts';

/**
 * Audits every document of a whole text: manifests of Kubernetes, a compose file, what an engine's inspect prints. Nothing is
 * opened but what the options show. Faults of the text are findings; nothing is thrown. What it says follows Kubernetes'
 * validation, the kubelet's choice of profiles, and pod-security-admission.
 * @example
 * ```js
 * import { auditText, USUAL_NODE } from '@callgate/workload';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const options = { node: USUAL_NODE, target, defaults: {}, podSecurity: 'latest' };
 * const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, image: web}]}';
 * auditText(pod, 'pod.yaml', options).containers[0].effective.type; // → 'Unconfined'
 * auditText(pod, 'pod.yaml', options).findings[0].code; // → 'unconfined'
 * ```
 */
export function auditText(text: string, file: string, options: AuditOptions): Audit {
  const auditor = new Auditor(options);
  for (const piece of documentsOf(text)) auditor.add(file, piece);
  return auditor.end();
}
