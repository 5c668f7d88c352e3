import { Refusal } from './call.ts';
import { STATES } from './job-format.ts';

const NAMES = [
  ...Object.keys(STATES),
  'COMPLETING',
  'CONFIGURING',
  'SUSPENDED',
  'PREEMPTED',
  'BOOT_FAIL',
  'DEADLINE',
  'OUT_OF_MEMORY',
];

/** `pd,RUNNING` or `all`, as full names. Throws Refusal for a state that Slurm does not know. */
export function parseStates(text: string, program: string): ReadonlySet<string> {
  if (/^all$/i.test(text)) return new Set(NAMES);
  return new Set(
    text.split(',').map((word) => {
      const upper = word.trim().toUpperCase();
      const short = Object.entries(STATES).find(([, { compact }]) => compact === upper)?.[0];
      const name = short ?? (upper === 'CG' ? 'COMPLETING' : NAMES.find((known) => known === upper));
      if (name !== undefined) return name;
      throw new Refusal(
        `${program}: error: Invalid job state specified: ${word}\n` +
          `${program}: error: Valid job states include: ${NAMES.join(',')}`,
      );
    }),
  );
}
