import { inTime } from '../background.ts';
import { type Check, must } from './bench.ts';
import { startDenied } from './denying.ts';

/** watch sees what a container is denied, and says whose it is. */
export const watched: Check = {
  name: 'watch',
  async run(bench) {
    const { callgate, host, engine } = bench;
    const denied = startDenied(bench);
    const watching = callgate.start('watch', '--container', `${engine}:${denied.name}`, '--json');
    try {
      const told = await inTime('the denied call', () => rows(watching.stdout).find(isMkdir));
      must(
        told.container?.engine === engine && told.container.name === denied.name,
        `watch takes it for that of ${JSON.stringify(told.container)}`,
      );
      watching.interrupt();
      must((await watching.status()) === 0, `watch: ${watching.stderr}`);
      const { lost } = rows(watching.stdout).at(-1)!;
      must(lost === 0, `watch lost ${lost}`);
    } finally {
      watching.kill();
      host.remove(denied.name);
    }
  },
};

interface Row {
  readonly event: string;
  readonly syscall?: string;
  readonly lost?: number;
  readonly container?: { readonly engine?: string; readonly name?: string };
}

function rows(lines: string): Row[] {
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function isMkdir({ syscall }: Row): boolean {
  return syscall === 'mkdir' || syscall === 'mkdirat';
}
