/** The memory of the labs of one page, which is shared out: who would get none is told so before it starts. */
export class LabMemory {
  readonly #totalMiB: number;
  readonly #taken = new Map<object, number>();

  constructor(totalMiB: number) {
    this.#totalMiB = totalMiB;
  }

  get leftMiB(): number {
    return this.#totalMiB - [...this.#taken.values()].reduce((sum, taken) => sum + taken, 0);
  }

  /** Whether `lab` may have so much, in the place of what it has. */
  take(lab: object, wantedMiB: number): boolean {
    if (wantedMiB > this.leftMiB + (this.#taken.get(lab) ?? 0)) return false;
    this.#taken.set(lab, wantedMiB);
    return true;
  }

  giveBack(lab: object): void {
    this.#taken.delete(lab);
  }
}
