import type { LogTally } from '../log-tally.ts';
import {
  asNumber,
  asObject,
  asText,
  eachLine,
  type JsonObject,
  type LogFormat,
  parseObject,
} from './log-format.ts';

const DROPS = /^[\w :.]{0,40}: Falco internal: syscall event drop\. (\d{1,15}) system calls dropped/;
/** "Sun Nov 22 10:00:00 2026: text" is Falco's own log. */
const OWN_LOG = /^\w{3} \w{3} +\d+ [\d:]{8} \d{4}: /;

/** Falco's JSON alerts: the call is a field of its own; the message is text that a process may have a say in. */
export const falco: LogFormat = {
  id: 'falco',
  about: 'Falco with json_output, rules that print syscall.type or evt.type',
  recognises: (line) => asObject(parseObject(line)?.output_fields) !== undefined,
  reader: (tally) =>
    eachLine((line) => {
      const object = parseObject(line);
      const drops = DROPS.exec(line);
      if (object) alert(tally, object);
      else if (drops) tally.lost(Number(drops[1]));
      else if (line.trim() !== '' && !OWN_LOG.test(line)) tally.unread();
    }),
};

function alert(tally: LogTally, object: JsonObject): void {
  const fields = asObject(object.output_fields) ?? {};
  const drops = asNumber(fields.n_drops);
  const call = asText(fields['syscall.type']);
  const event = asText(fields['evt.type']);
  const detail = { process: () => asText(fields['proc.name']), time: () => asText(object.time) };
  if (drops !== undefined) tally.lost(drops);
  else if (call !== '') tally.name(call, detail);
  // Events of Falco itself, such as container and procexit, are no calls.
  else if (event !== '') tally.nameIfKnown(event, detail);
  else tally.unread();
}
