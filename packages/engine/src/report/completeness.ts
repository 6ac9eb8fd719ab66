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
