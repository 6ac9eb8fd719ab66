const PIDS = 65_536;
const NOBODY = -1;

/** Processes whose call was interrupted in a log by another's line: the end of such a call is not another call. */
export class Interrupted {
  /** Mostly a call goes on in one of the next lines; a set would be slow at coming and going. */
  private latest = NOBODY;
  private readonly others = new Set<number>();

  add(pid: number): void {
    if (this.latest !== NOBODY && this.others.size < PIDS) this.others.add(this.latest);
    this.latest = pid;
  }

  /** Whether the process's call was interrupted; now it has gone on. */
  delete(pid: number): boolean {
    if (pid !== this.latest) return this.others.delete(pid);
    this.latest = NOBODY;
    this.others.delete(pid);
    return true;
  }

  /** The same for any process that was interrupted. */
  deleteAny(): boolean {
    if (this.latest !== NOBODY) return this.delete(this.latest);
    const [other] = this.others;
    return other !== undefined && this.delete(other);
  }
}
