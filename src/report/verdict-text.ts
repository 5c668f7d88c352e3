import type { Compared } from './comparison.ts';

/** What a difference means, in words. */
export function verdictText({ difference, better }: Compared): string {
  if (difference.verdict === 'noise') return 'smaller than the noise';
  if (difference.verdict === 'unknown') return 'measured once: noise unknown';
  return better ? '▲ better' : '▼ worse';
}
