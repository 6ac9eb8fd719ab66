import { type AskedCall, type AskingFault, askedCall } from '../analysis/asked-call.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { quote } from '../source/tree.ts';
import { ABI_NAMES, type Abi, abiOf, findAbi } from '../syscalls/arch.ts';
import { constantNames } from '../syscalls/arguments.ts';

/** Why a call cannot be read, and the word that was meant. */
export interface CallFault {
  readonly message: string;
  readonly meant?: string;
}

const CALL = /^(?:([a-z0-9_]{1,20})\/)?([a-z0-9_]{1,40})(?:\(([^()]{0,400})\))?$/;

/** A call as people write it: mkdir, mkdir(0x1, 0o755), or x86/mkdir(0x1) for another ABI than the machine's. */
export function readCall(text: string, native: Abi): AskedCall | { readonly fault: CallFault } {
  const [, abiName, syscall, list = ''] = CALL.exec(text.trim()) ?? [];
  if (syscall === undefined)
    return { fault: { message: `${quote(text)} is no call; write it as mkdir(0x1, 0o755)` } };
  const abi = abiName === undefined ? native : findAbi(abiName);
  if (!abi)
    return { fault: { message: `there is no ABI ${quote(abiName)}`, meant: suggest(abiName, ABI_NAMES) } };
  const args = list.trim() === '' ? [] : list.split(',').map((word) => inPlainNumbers(word.trim()));
  const asked = askedCall(syscall, args, abi);
  return 'fault' in asked ? { fault: faultOf(asked.fault) } : asked;
}

/** Modes are written in octal. */
function inPlainNumbers(word: string): string {
  return /^0o[0-7]{1,21}$/i.test(word) ? String(BigInt(word)) : word;
}

function faultOf(fault: AskingFault): CallFault {
  switch (fault.kind) {
    case 'too-many-arguments':
      return { message: `a system call has at most six arguments, not ${fault.count}` };
    case 'no-such-call':
      return { message: `there is no system call ${quote(fault.name)}`, meant: fault.meant };
    case 'not-on-this-abi':
      return { message: `${abiOf(fault.abi.name).name} has no system call ${quote(fault.name)}` };
    case 'no-such-value':
      return {
        message: `${quote(fault.text)} is no value of an argument`,
        meant: fault.meant ?? suggest(fault.text, constantNames()),
      };
  }
}
