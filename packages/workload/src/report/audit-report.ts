import { aboutCode } from '@callgate/engine/internal/report/finding-codes';
import type { ReportSubject } from '@callgate/engine/internal/report/finding-formats/finding-format';
import type { AuditedContainer } from '../audit/audit.ts';
import { AUDIT_CODES } from '../findings/codes.ts';

/** Reports of audits. */
export const auditSubject: ReportSubject = {
  verb: 'audit',
  unit: 'container',
  aboutCode: (code) =>
    Object.hasOwn(AUDIT_CODES, code) ? AUDIT_CODES[code as keyof typeof AUDIT_CODES] : aboutCode(code),
};

/** A container as it goes into JSON. */
export function containerDocument({
  effective,
  filter: _filter,
  story: _story,
  ...one
}: AuditedContainer): object {
  const { type, profile, because } = effective;
  return { ...one, effective: { type, ...(profile !== undefined && { profile }), because } };
}
