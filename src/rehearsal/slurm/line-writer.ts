/** Passes output on by whole lines, as srun does; the rest follows at the end. */
export interface LineWriter {
  push(chunk: Buffer): void;
  end(): void;
}

/** `label` goes before each line. Unbuffered, chunks pass as they come, and lines are labelled where they begin. */
export function lineWriter(
  write: (text: Buffer) => void,
  { label = '', unbuffered = false }: { readonly label?: string; readonly unbuffered?: boolean } = {},
): LineWriter {
  const prefix = Buffer.from(label);
  let rest: Buffer = Buffer.alloc(0);
  const flushLines = (): void => {
    const end = rest.lastIndexOf('\n') + 1;
    if (end > 0) write(labelled(rest.subarray(0, end), prefix));
    rest = rest.subarray(end);
  };
  const flushRest = (): void => {
    if (rest.length > 0) write(labelled(rest, prefix));
    rest = Buffer.alloc(0);
  };
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      flushLines();
      if (unbuffered) flushRest();
    },
    end: flushRest,
  };
}

function labelled(text: Buffer, prefix: Buffer): Buffer {
  if (prefix.length === 0) return text;
  const parts: Buffer[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline + 1;
    parts.push(prefix, text.subarray(start, end));
    start = end;
  }
  return Buffer.concat(parts);
}
