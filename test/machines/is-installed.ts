import { findProgram, NoSuchProgram } from '@callgate/linux/internal/process/find-program';

/** Whether a program can be started by its name. */
export function isInstalled(program: string): boolean {
  try {
    return findProgram(program, process.env.PATH) !== '';
  } catch (fault) {
    if (fault instanceof NoSuchProgram) return false;
    throw fault;
  }
}
