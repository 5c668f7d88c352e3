import type { LogFile } from '../../observe/log-file.ts';
import { styled } from '../styled.ts';

/** `prefill-0@node1`; `job` for the batch script's log. */
export function labelOf({ step, node }: LogFile): string {
  return node === '' ? step : `${step}@${node}`;
}

/** Colors that can be read on light and dark. */
const HUES = ['cyan', 'yellow', 'green', 'magenta', 'blue'] as const;
const COLORS = [...HUES, ...HUES.map((hue) => `${hue}Bright` as const)];

/** The label in a color of its step's own. */
export function paintedLabel(text: string, step: string, color: boolean): string {
  if (!color) return text;
  let sum = 0;
  for (const character of step) sum = (sum * 31 + character.charCodeAt(0)) % 1009;
  return styled(COLORS[sum % COLORS.length] ?? 'cyan', text);
}
