import type { Completeness } from '../recording/completeness.ts';

const BARS = '▁▂▃▄▅▆▇█';

/** The accumulation curve as text, a character a run: how many calls were known after so many runs. */
export function sparkline(curve: readonly number[], columns = 40): string {
  const step = Math.max(1, Math.ceil(curve.length / columns));
  const points = curve.filter((_, i) => i % step === step - 1 || i === curve.length - 1);
  const low = points[0];
  const high = points[points.length - 1];
  const height = (value: number) =>
    high === low ? BARS.length - 1 : Math.round(((value - low) / (high - low)) * (BARS.length - 1));
  return points.map((value) => BARS[height(value)]).join('');
}

/** The curve as an SVG picture, with the estimate as a line; numbers are calls, and runs below. */
export function curveSvg({ curve, seen, estimated, interval }: Completeness): string {
  const [width, height, left, bottom] = [640, 260, 48, 32];
  const top = Math.max(estimated, Math.min(interval[1], estimated * 1.5), seen) * 1.05;
  const x = (run: number) => left + ((run - 1) / Math.max(1, curve.length - 1)) * (width - left - 16);
  const y = (calls: number) => height - bottom - (calls / top) * (height - bottom - 12);
  const round = (value: number) => value.toFixed(1);
  const points = curve.map((calls, i) => `${round(x(i + 1))},${round(y(calls))}`).join(' ');
  const line = (calls: number, style: string, label: string) =>
    `<line x1="${left}" y1="${round(y(calls))}" x2="${width - 16}" y2="${round(y(calls))}" ${style}/>` +
    `<text x="${left - 6}" y="${round(y(calls) + 4)}" text-anchor="end">${label}</text>`;
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="calls known after each run" font-family="sans-serif" font-size="11">`,
    `<rect x="${left}" y="${round(y(Math.min(top, interval[1])))}" width="${width - left - 16}" height="${round(y(interval[0]) - y(Math.min(top, interval[1])))}" fill="#88c" fill-opacity="0.15"/>`,
    line(estimated, 'stroke="#66a" stroke-dasharray="5 4"', `${Math.round(estimated)}`),
    Math.round(estimated) === seen ? '' : line(seen, 'stroke="#bbb"', `${seen}`),
    `<polyline points="${points}" fill="none" stroke="#262" stroke-width="2"/>`,
    `<text x="${left}" y="${height - 10}">1 run</text><text x="${width - 16}" y="${height - 10}" text-anchor="end">${curve.length} runs</text>`,
    '</svg>',
  ].join('\n');
}
