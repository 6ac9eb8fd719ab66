import { type Container, findContainer } from '../container/containers.ts';

/** Engines that are asked for a container, while whoever asks does other things: they may take seconds. */
export class AskedEngines {
  private isAsked = false;
  private answeredAt = Number.NEGATIVE_INFINITY;
  private found: Container | undefined;
  private fault: unknown;

  /** Asks, where nobody does yet and the last answer is so many milliseconds old. */
  ask(reference: string, everyMs: number): void {
    if (this.isAsked || performance.now() - this.answeredAt < everyMs) return;
    this.isAsked = true;
    findContainer(reference)
      .then((found) => {
        this.found = found;
      })
      .catch((fault: unknown) => {
        this.fault = fault;
      })
      .finally(() => {
        this.isAsked = false;
        this.answeredAt = performance.now();
      });
  }

  /** What was answered last; throws what the asking threw. */
  answer(): Container | undefined {
    if (this.fault !== undefined) throw this.fault;
    return this.found;
  }
}
