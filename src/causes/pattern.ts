/** Text with `*` for anything. */
export interface Pattern {
  readonly parts: readonly string[];
  /** Its longest literal part: every line that matches has it. */
  readonly word: string;
}

export function compile(text: string): Pattern {
  const parts = text.split('*');
  return { parts, word: parts.reduce((most, part) => (part.length > most.length ? part : most), '') };
}

/** Whether the parts are in the line, one after the other. */
export function matches({ parts, word }: Pattern, line: string): boolean {
  if (!line.includes(word)) return false;
  let at = 0;
  for (const part of parts) {
    const found = line.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}
