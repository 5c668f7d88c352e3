import { type Call, Refusal } from './call.ts';

/** A cluster without accounts; the machine's own sacct would answer about another cluster's jobs. */
export async function sacct(_call: Call): Promise<number> {
  throw new Refusal('Slurm accounting storage is disabled');
}
