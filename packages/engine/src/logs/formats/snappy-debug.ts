import { isExecuted } from './audit.ts';
import { eachLine, type LogFormat } from './log-format.ts';

/** A record of the audit subsystem, with the call's number and name where its number alone would stand. */
const SECCOMP =
  /^Log: .* sig=\d+ arch=([0-9a-f]{1,8}) (\d{1,10})\([^()]*\) compat=\d ip=0x[0-9a-f]+ code=(0x[0-9a-f]+)\s*$/;
/** What stands around it: titles, times, and what the tool suggests. "Syscall:" says the record again. */
const AROUND =
  /^(?:= (?:Seccomp|AppArmor) =|Log: .*\bapparmor=.*|(?:Time|Syscall|Suggestions?|File|Network|Capability|Sysctl|DBus|Ptrace|Signal|Mount|Umount|Unix|Rlimit|Exec|INFO)\b.*|\* .*|kernel\.printk\w* = .*|\s*)$/;

/** snappy-debug, which explains what the confinement of a snap denies. */
export const snappyDebug: LogFormat = {
  id: 'snappy-debug',
  about: 'snappy-debug, of snaps',
  recognises: (line) => /^= (?:Seccomp|AppArmor) =$/.test(line) || SECCOMP.test(line),
  documentLines: (lines) =>
    lines.some((line) => /^= Seccomp =$/.test(line))
      ? lines.filter((line) => AROUND.test(line) || SECCOMP.test(line)).length
      : 0,
  reader: (tally) =>
    eachLine((line) => {
      const found = SECCOMP.exec(line);
      if (!found) {
        if (!AROUND.test(line)) tally.unread();
        return;
      }
      const [, arch, nr, code] = found;
      const executed = isExecuted(code);
      if (executed === undefined) tally.unread();
      else tally.auditCall(Number.parseInt(arch, 16), Number(nr), { denied: !executed });
    }),
};
