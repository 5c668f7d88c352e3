/** Characters of one line that are kept together; longer lines come in pieces, so that memory stays bounded. */
const LONGEST = 64 * 1024;

/** Cuts bytes into lines of text. Bytes that are not UTF-8 become U+FFFD. */
export class LineSplitter {
  readonly #longest: number;
  #decoder = new TextDecoder();
  #rest = '';

  constructor(longest = LONGEST) {
    this.#longest = longest;
  }

  /** The lines that these bytes complete, without their line breaks. */
  push(bytes: Uint8Array): readonly string[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    const whole = lines.flatMap((line) => this.#pieces(line));
    if (this.#rest.length <= this.#longest) return whole;
    const pieces = this.#pieces(this.#rest);
    this.#rest = pieces.pop() ?? '';
    return [...whole, ...pieces];
  }

  /** What came after the last line break; undefined where there is nothing. Starts anew. */
  end(): string | undefined {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = '';
    return rest === '' ? undefined : rest;
  }

  #pieces(line: string): string[] {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text.length <= this.#longest) return [text];
    const count = Math.ceil(text.length / this.#longest);
    return Array.from({ length: count }, (_, at) => text.slice(at * this.#longest, (at + 1) * this.#longest));
  }
}
