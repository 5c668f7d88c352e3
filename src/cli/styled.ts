import { styleText } from 'node:util';

/** The text in a color or weight. Whether there may be any is for the caller to know, who has the stream. */
export function styled(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { validateStream: false });
}
