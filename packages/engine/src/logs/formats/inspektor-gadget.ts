import { asObject, asText, eachObject, type JsonObject, type LogFormat, parseObject } from './log-format.ts';

/** Actions of audit_seccomp after which the call was made. */
const EXECUTED = /(?:^|_)(?:LOG|ALLOW|TRACE|USER_NOTIF|NOTIFY)$/i;

/** Inspektor Gadget: audit_seccomp, traceloop and trace gadgets, a JSON object a line or a list of them. */
export const inspektorGadget: LogFormat = {
  id: 'inspektor-gadget',
  about: 'Inspektor Gadget (audit_seccomp, traceloop) with -o json',
  recognises: (line) => isGadget(parseObject(line.replace(/^\s*\[|\]\s*$/g, '').replace(/\},\{.*/, '}'))),
  reader: (tally) =>
    eachObject(tally, (event) => {
      const name = asText(event.syscall).toLowerCase().replace(/^sys_/, '');
      if (name === '') return tally.unread();
      const code = asText(event.code);
      const comm = asText(asObject(event.proc)?.comm) || asText(event.comm);
      tally.name(name, {
        denied: code !== '' && !EXECUTED.test(code),
        process: () => comm,
        time: () => String(event.timestamp ?? ''),
      });
    }),
};

function isGadget(object: JsonObject | undefined): boolean {
  return (
    object !== undefined &&
    typeof object.syscall === 'string' &&
    ('code' in object ||
      'mntns_id' in object ||
      'mountnsid' in object ||
      'proc' in object ||
      'parameters' in object)
  );
}
