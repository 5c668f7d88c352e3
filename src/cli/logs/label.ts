import type { LogFile } from '../../observe/log-file.ts';

/** `prefill-0@node1`; `job` for the batch script's log. */
export function labelOf({ step, node }: LogFile): string {
  return node === '' ? step : `${step}@${node}`;
}

/** Foreground colours that can be read on light and dark: cyan, yellow, green, magenta, blue and their bright kin. */
const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** The label in a colour of its step's own. */
export function paintedLabel(text: string, step: string, color: boolean): string {
  if (!color) return text;
  let sum = 0;
  for (const character of step) sum = (sum * 31 + character.charCodeAt(0)) % 1009;
  return `\u001b[${COLOURS[sum % COLOURS.length]}m${text}\u001b[39m`;
}
