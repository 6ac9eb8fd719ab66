const PIDS = 65_536;

/** Processes whose call was interrupted in a log by another's line: the end of such a call is not another call. */
export class Interrupted {
  /** Mostly a call goes on in one of the next lines; a set would be slow at coming and going. */
  private latest: number | undefined;
  private readonly others = new Set<number>();

  add(pid: number): void {
    if (this.latest !== undefined && this.others.size < PIDS) this.others.add(this.latest);
    this.latest = pid;
  }

  /** Whether the process's call was interrupted; now it has gone on. */
  delete(pid: number): boolean {
    const wasThere = this.others.size > 0 && this.others.delete(pid);
    if (pid !== this.latest) return wasThere;
    this.latest = undefined;
    return true;
  }

  /** The same for the process that has waited longest. */
  deleteAny(): boolean {
    const [longest = this.latest] = this.others;
    return longest !== undefined && this.delete(longest);
  }
}
