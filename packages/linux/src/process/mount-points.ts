import { readFileSync } from 'node:fs';

/** Where file systems of such types are mounted in this mount namespace, each place once (proc_pid_mountinfo(5)). */
export function mountPoints(type: RegExp = /^/): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(Boolean);
  const fields = lines.map((line) => line.split(' '));
  const wanted = fields.filter((mount) => type.test(mount[mount.indexOf('-') + 1]));
  return [...new Set(wanted.map((mount) => unescaped(mount[4])))];
}

/** Spaces and the like are there as octal numbers. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));
}
