/** What happened, event by event: as lines for people, and always as a hash that tells one schedule from another. */
export class Chronicle {
  events = 0;
  readonly lines: string[] = [];
  readonly #isKept: boolean;
  /** Two 32-bit hashes of the same text, by FNV-1a and by another odd multiplier. */
  readonly #halves: [number, number] = [0x811c9dc5, 0x9dc5811c];

  /** Without `isKept` no line is kept. */
  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  /** `second`: since the schedule began. */
  note(event: string, second: number): void {
    this.events += 1;
    for (let index = 0; index < event.length; index++) {
      const code = event.charCodeAt(index);
      this.#halves[0] = Math.imul(this.#halves[0] ^ code, 0x01000193);
      this.#halves[1] = Math.imul(this.#halves[1] ^ code, 0x85ebca6b);
    }
    if (this.#isKept) this.lines.push(`${second.toFixed(1).padStart(7)} ${event}`);
  }

  get hash(): string {
    return this.#halves.map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
