import { DIAGNOSTIC_CODES } from '../diagnostics/codes.ts';
import { BUDGET_CODES } from '../lint/budget.ts';
import { FORECAST_CODES } from '../lint/forecast.ts';
import { POLICY_RULES } from '../lint/policy-rules.ts';
import { GATE_CODES } from './gate.ts';

/** Codes of findings that are no rule's: what they say. */
export const OTHER_CODES: Readonly<Record<string, string>> = {
  ...FORECAST_CODES,
  ...GATE_CODES,
  ...BUDGET_CODES,
};

/** Every code that a finding may have. */
export function findingCodes(): string[] {
  return [
    ...POLICY_RULES.map(({ code }) => code),
    ...Object.keys(OTHER_CODES),
    ...Object.keys(DIAGNOSTIC_CODES),
  ];
}

/** What a code means, in a sentence or two; the code itself where none is known. */
export function aboutCode(code: string): string {
  const codes: Readonly<Record<string, string>> = { ...DIAGNOSTIC_CODES, ...OTHER_CODES };
  const rule = POLICY_RULES.find((known) => known.code === code);
  return rule?.about ?? (Object.hasOwn(codes, code) ? codes[code] : code);
}
