import { escapedCharacter, replaceUnprintable } from '@callgate/engine/internal/source/unprintable';

/** A text for a terminal: what it would act on is escaped. A file or another program gets every byte instead. */
export function shown(text: string): string {
  return replaceUnprintable(text.replaceAll('\r\n', '\n'), (c) =>
    c === '\n' || c === '\t' ? c : escapedCharacter(c),
  );
}
