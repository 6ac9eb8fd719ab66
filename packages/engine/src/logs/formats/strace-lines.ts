/** strace tells on which ABI a process goes on, when that is not its own. */
export const NOTICE = /^\[ Process PID=(\d+) runs in (\S+(?: bit)?) mode\. \]$/;

const CALL =
  /^\s*(?:\[pid\s+\d+(?:<.{0,16}>)?\] |\d+(?:<.{0,16}>)?\s+)?(?:[\d:.]+\s+|\(\+\s*[\d.]+\)\s+)*(?:\[[\s\da-f?]+\]\s+)*(?:[a-z_]\w*(?:#64)?\(|<\.\.\. \w+ resumed>)/;

/** Whether a line is a call as strace prints it, with whatever flags. */
export function isStraceCall(line: string): boolean {
  return CALL.test(line.slice(0, 200)) && /\) += |<unfinished \.\.\.>$| resumed>/.test(line);
}
