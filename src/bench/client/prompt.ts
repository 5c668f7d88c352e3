/** Common words, so that no tokenizer splits them into many. */
const WORDS =
  'time year people way day man thing woman life child world school state family student group country problem hand part place case week company system program question work number night point home water room mother area money story fact month lot right study book eye job word business issue side kind head house service friend father power hour game line end member law car city name team minute idea body back parent face others level office door health person art war history party result change morning reason research girl guy moment air teacher force education'.split(
    ' ',
  );

/** Numbers from 0 to below 1 that are the same for the same seed: mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** So many words in no order. */
export function promptOf(words: number, random: () => number): string {
  return Array.from({ length: words }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ');
}

/** How many tokens the service counts for prompts of words: some for each prompt, and some for each word. */
export interface Tokens {
  readonly perPrompt: number;
  readonly perWord: number;
}

/** From what the service counted for two lengths of prompts; averages where there are several of one. */
export function calibrated(samples: readonly { readonly words: number; readonly tokens: number }[]): Tokens {
  const words = samples.reduce((sum, sample) => sum + sample.words, 0) / samples.length;
  const tokens = samples.reduce((sum, sample) => sum + sample.tokens, 0) / samples.length;
  const spread = samples.reduce((sum, sample) => sum + (sample.words - words) ** 2, 0);
  const slope = samples.reduce((sum, sample) => sum + (sample.words - words) * (sample.tokens - tokens), 0);
  const perWord = spread > 0 ? slope / spread : tokens / words;
  return { perPrompt: tokens - perWord * words, perWord };
}

/** Words of a prompt of so many tokens; at least one. */
export function wordsFor(tokens: number, { perPrompt, perWord }: Tokens): number {
  return Math.max(1, Math.round((tokens - perPrompt) / perWord));
}
