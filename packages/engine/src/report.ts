/** Texts and documents of results; a Style says how parts of them stand out. */
export { formatAction } from './report/action.ts';
export { bitmapDocument, bitmapsOf, bitmapsText } from './report/bitmap.ts';
export { buildHtml } from './report/build-html.ts';
export { excerpt, formatDiagnostic, type LocatedDiagnostic, locate } from './report/diagnostics.ts';
export { differencesDocument, differencesText } from './report/differences.ts';
export { verdictDocument, verdictText } from './report/explanation.ts';
export { overviewDocument, overviewText } from './report/overview.ts';
export { FORMATS, type Format, formatProgram, programDocument } from './report/program-formats.ts';
export { PLAIN, type Style } from './report/style.ts';
export { synthesisDocument } from './report/synthesis.ts';
export { writeJson } from './source/write-json.ts';
