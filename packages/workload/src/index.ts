/**
 * Everything pure about what is deployed: what a Kubernetes document, a compose file or an engine says that shall run, and
 * under which seccomp filter each container of it runs. What is not exported here is private and free to move.
 */
export type { Audit, AuditedContainer, AuditOptions } from './audit/audit.ts';
export { auditText } from './audit/audit-whole.ts';
export { Auditor } from './audit/auditor.ts';
export type { Cargo, Carrier, CarrierFile, CarrierReading, Question, Shipment } from './carriers/carrier.ts';
export { CARRIERS } from './carriers/carriers.ts';
export { LIST_CARRIERS, readListCarrier } from './carriers/list-carriers.ts';
export type { Proof } from './carriers/proof.ts';
export { type Shipped, ship } from './carriers/ship.ts';
export { DocumentSplitter, documentsOf, type Piece } from './documents/document-splitter.ts';
export { AUDIT_CODES, type AuditCode } from './findings/codes.ts';
export { type ClusterNode, USUAL_NODE } from './kubernetes/cluster-node.ts';
export type { EffectiveProfile, EffectiveType } from './kubernetes/effective-profile.ts';
export type { FolderEntry, ProfilesFolder } from './localhost/profiles-folder.ts';
export type { Change } from './secure/changes.ts';
export { jsonPatch, type PatchOperation } from './secure/json-patch.ts';
export { kustomization } from './secure/kustomization.ts';
export { mergePatch } from './secure/merge-patch.ts';
export { faultOfLocalhostProfile, type SecureRequest } from './secure/request.ts';
export {
  type PlacedNotice,
  type Secured,
  type SecuredObject,
  type SecureInput,
  secure,
} from './secure/secure.ts';
export { changeLines } from './secure/words.ts';
