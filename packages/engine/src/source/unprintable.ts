/**
 * What a terminal would act on, and what turns the order of letters round: control characters, line separators, marks and
 * overrides of direction, halves of surrogate pairs.
 */
const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** The text with everything that is no plain character replaced. */
export function replaceUnprintable(text: string, replacement: (character: string) => string): string {
  return text.replace(UNPRINTABLE, replacement);
}

/** \xNN or \uNNNN. */
export function escapedCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** As JSON has it: \uNNNN. */
export function escapedInJson(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
