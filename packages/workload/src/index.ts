/**
 * Everything pure about what is deployed: what a Kubernetes document, a compose file or an engine says that shall run, and
 * under which seccomp filter each container of it runs. What is not exported here is private and free to move.
 */
export type { Cargo, Carrier, CarrierFile, CarrierReading, Shipment } from './carriers/carrier.ts';
