/** Recordings out of logs that other tools wrote. */
export type { LogFormat } from './logs/formats/log-format.ts';
export { findLogFormat, LOG_FORMATS } from './logs/log-formats.ts';
export { recordingOfLog } from './logs/log-recording.ts';
export type { LogContents } from './logs/log-tally.ts';
export { LogStream } from './logs/read-log.ts';
