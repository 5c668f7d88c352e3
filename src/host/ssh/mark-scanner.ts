/** A piece of a stream: plain bytes, or what a mark says. */
export type Piece = { readonly bytes: Buffer } | { readonly mark: string };

const NEWLINE = 10;

/**
 * Finds marks in a stream: `\n<sentinel> TEXT\n`, on a line of their own that belongs to nobody else. The sentinel is
 * random, so that greetings of rc files and the bytes of any file can stand between.
 */
export class MarkScanner {
  readonly #start: Buffer;
  #rest: Buffer = Buffer.alloc(0);

  constructor(sentinel: string) {
    this.#start = Buffer.from(`\n${sentinel} `);
  }

  push(chunk: Buffer): readonly Piece[] {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const pieces: Piece[] = [];
    for (;;) {
      const at = data.indexOf(this.#start);
      if (at === -1) {
        const kept = this.#partial(data);
        if (data.length > kept) pieces.push({ bytes: data.subarray(0, data.length - kept) });
        this.#rest = data.subarray(data.length - kept);
        return pieces;
      }
      const text = at + this.#start.length;
      const end = data.indexOf(NEWLINE, text);
      if (at > 0) pieces.push({ bytes: data.subarray(0, at) });
      if (end === -1) {
        this.#rest = data.subarray(at);
        return pieces;
      }
      pieces.push({ mark: data.toString('utf8', text, end) });
      data = data.subarray(end + 1);
    }
  }

  /** How many of the last bytes may be the beginning of a mark. */
  #partial(data: Buffer): number {
    const most = Math.min(data.length, this.#start.length - 1);
    for (let length = most; length > 0; length--) {
      if (data.subarray(data.length - length).equals(this.#start.subarray(0, length))) return length;
    }
    return 0;
  }
}
