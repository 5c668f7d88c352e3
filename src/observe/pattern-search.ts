/** Indices of blocks: tables that fit into the first cache. */
const BLOCKS = 4096;

/**
 * Finds the next of many words in bytes, in one pass that skips most of them (Wu and Manber's, with blocks of two bytes):
 * looking for each word in turn would read a log as often as there are words.
 */
export class PatternSearch {
  readonly #words: readonly Uint8Array[];
  /** Bytes of each word that the pass looks at: as many as the shortest has. */
  readonly #length: number;
  /** By block: how far the next place where a word may begin is away. */
  readonly #shift: Uint8Array;
  /** By block: the list, of those in `endings`, of the words whose first `length` bytes end with it. */
  readonly #ending = new Uint16Array(BLOCKS);
  readonly #endings: (readonly number[])[] = [[]];
  /** The word that was found last. */
  which = -1;

  /** `words`: at most 65,535, of two characters at least; the longer the shortest of them, the faster. */
  constructor(words: readonly string[]) {
    this.#words = words.map((word) => Buffer.from(word));
    this.#length = Math.min(255, ...this.#words.map(({ length }) => length));
    this.#shift = new Uint8Array(BLOCKS).fill(this.#length - 1);
    for (const [index, word] of this.#words.entries()) {
      for (let at = 1; at < this.#length; at++) {
        const block = blockAt(word, at);
        this.#shift[block] = Math.min(this.#shift[block] ?? 0, this.#length - 1 - at);
      }
      const last = blockAt(word, this.#length - 1);
      this.#ending[last] ||= this.#endings.push([]) - 1;
      const list = this.#ending[last] as number;
      this.#endings[list] = [...(this.#endings[list] as readonly number[]), index];
    }
  }

  /** Where the next word begins, in bytes `from` to `end`; -1 where there is none. */
  find(bytes: Uint8Array, from: number, end: number): number {
    const shift = this.#shift;
    for (let at = from + this.#length - 1; at < end; ) {
      const block = (((bytes[at - 1] as number) << 5) ^ (bytes[at] as number)) & (BLOCKS - 1);
      const step = shift[block] as number;
      if (step > 0) {
        at += step;
        continue;
      }
      const start = at - this.#length + 1;
      const endings = this.#endings[this.#ending[block] as number] as readonly number[];
      for (let word = 0; word < endings.length; word++) {
        const index = endings[word] as number;
        if (!begins(bytes, start, end, this.#words[index] as Uint8Array)) continue;
        this.which = index;
        return start;
      }
      at++;
    }
    return -1;
  }
}

/** Two bytes as an index: blocks that share one shorten a step or are compared in vain, and no more. */
function blockAt(word: Uint8Array, at: number): number {
  return (((word[at - 1] as number) << 5) ^ (word[at] as number)) & (BLOCKS - 1);
}

function begins(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (start + word.length > end) return false;
  for (let at = 0; at < word.length; at++) if (bytes[start + at] !== word[at]) return false;
  return true;
}
