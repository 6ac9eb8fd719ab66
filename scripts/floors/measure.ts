import { release as kernel } from 'node:os';
import type { MeasuredBuild, MeasuredSetting } from './measured.ts';
import type { Place } from './place.ts';
import type { Runtime } from './runtime.ts';
import { SETTINGS, type Setting } from './setting.ts';
import { type Shares, sharesOf } from './starts.ts';

/** Measures a build of a runtime in every setting. */
export async function measureBuild(
  place: Place,
  { name, command, ...rest }: Runtime,
  from: string,
  starts: number,
): Promise<MeasuredBuild> {
  const settings: MeasuredSetting[] = [];
  for (const setting of SETTINGS) {
    const { start, exec } = await sharesOf(place, command, setting, starts);
    settings.push(measured('start', setting, start));
    if (exec) settings.push(measured('exec', setting, exec));
  }
  return {
    runtime: name,
    ...rest,
    from,
    kernel: kernel().replace(/-.*/, ''),
    date: new Date().toISOString().slice(0, 10),
    settings: settings.sort((a, b) => (a.of === b.of ? 0 : a.of === 'start' ? -1 : 1)),
  };
}

function measured(of: 'start' | 'exec', setting: Setting, { starts, calls }: Shares): MeasuredSetting {
  const all = [...calls].sort(([a], [b]) => (a < b ? -1 : 1));
  const always = all.filter(([, count]) => count === starts).map(([name]) => name);
  const sometimes = all.filter(([, count]) => count < starts);
  return {
    of,
    ...setting,
    starts,
    always: always.join(' '),
    ...(sometimes.length > 0 && { sometimes: Object.fromEntries(sometimes) }),
  };
}
