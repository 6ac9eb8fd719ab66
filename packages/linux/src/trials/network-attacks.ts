import type { AttackMemory } from './attack-memory.ts';
import type { Answer, AttackRow, CallRow } from './attack-row.ts';

const SYS_SOCKET = 1;
/** Beyond all types: the kernel says so before it loads anything for the family. */
const NO_TYPE = 15;
const SOCK_RAW = 3;

/** A socket, asked for directly and through socketcall(2). */
function socket(
  [family, type, protocol]: readonly [number, number, number],
  packed: AttackMemory,
  reached: Answer,
): CallRow[] {
  return [
    ['socket', [family, type, protocol], reached],
    ['socketcall', [SYS_SOCKET, packed], reached],
  ];
}

/** Sockets that speak with the kernel or with the machine below, or that forge packets. */
export const NETWORK_ATTACKS: readonly AttackRow[] = [
  {
    id: 'crypto-socket',
    category: 'network',
    gain: "the kernel's ciphers, an old source of faults (AF_ALG)",
    calls: socket([38, NO_TYPE, 0], 'cryptoSocket', 'EINVAL'),
  },
  {
    id: 'machine-socket',
    category: 'network',
    gain: 'the machine below this one (AF_VSOCK)',
    calls: socket([40, NO_TYPE, 0], 'machineSocket', 'EINVAL'),
  },
  {
    id: 'packet-socket',
    category: 'network',
    gain: 'all packets of the network, forged ones too (AF_PACKET)',
    right: 'CAP_NET_RAW',
    calls: socket([17, SOCK_RAW, 0], 'packetSocket', 'ok'),
  },
  {
    id: 'raw-socket',
    category: 'network',
    gain: 'packets with forged senders (SOCK_RAW)',
    right: 'CAP_NET_RAW',
    calls: socket([2, SOCK_RAW, 255], 'rawSocket', 'ok'),
  },
  {
    id: 'firewall-socket',
    category: 'network',
    gain: 'rules of the firewall, and the code behind them (netlink)',
    calls: socket([16, NO_TYPE, 12], 'filterSocket', 'EINVAL'),
  },
  {
    id: 'audit-socket',
    category: 'network',
    gain: 'the log of the audit, forged (netlink)',
    // Nobody listens to it. Podman's profile answers EINVAL, so that must not be the answer of one that passes.
    calls: socket([16, SOCK_RAW, 9], 'auditSocket', 'ok'),
  },
];
