/** So many numbers are looked back for one that comes again or late. */
const RECENT = 4096;
/** A number that is lower by more than this belongs to a later start of the machine. */
const RESTART = 100_000;

/**
 * Counts the audit records that are missing between the first and the last one that came: the kernel numbers them without a gap,
 * whatever their type, and may deliver neighbours in the wrong order.
 */
export class SerialNumbers {
  private first = 0;
  private highest = 0;
  private seen = 0;
  private earlier = 0;
  /** By number, whether a record of a filter's decision was among those that have it. */
  private readonly recent = new Map<number, boolean>();

  /** Takes the next record's number; false when it is that of a filter's decision which has come before. */
  take(serial: number, decision: boolean): boolean {
    const before = this.recent.get(serial);
    if (before !== undefined) {
      this.recent.set(serial, before || decision);
      return !(before && decision);
    }
    if (this.seen === 0 || serial < this.highest - RESTART) this.restart(serial);
    this.recent.set(serial, decision);
    if (this.recent.size > RECENT) this.recent.delete(this.recent.keys().next().value!);
    this.seen += 1;
    this.first = Math.min(this.first, serial);
    this.highest = Math.max(this.highest, serial);
    return true;
  }

  /** How many did not come. */
  missing(): number {
    return this.earlier + this.present();
  }

  private present(): number {
    return this.seen === 0 ? 0 : Math.max(0, this.highest - this.first + 1 - this.seen);
  }

  private restart(serial: number): void {
    this.earlier += this.present();
    this.recent.clear();
    this.seen = 0;
    this.first = serial;
    this.highest = serial;
  }
}
