import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from './call.ts';
import type { StepRecord } from './job-record.ts';
import { claimStep, readSteps, writeStep } from './job-store.ts';
import { isAlive } from './process-table.ts';
import type { Site } from './site.ts';

const LOOK = 50;

/**
 * Records the step, and waits for its nodes: since Slurm 20.11 steps have theirs to themselves, unless they overlap.
 * Throws Refusal after `patience` ms, srun's --immediate.
 */
export async function claimNodes(
  site: Site,
  job: number,
  wanted: Omit<StepRecord, 'step' | 'waiting'>,
  patience: number | undefined,
  say: (message: string) => void,
): Promise<StepRecord> {
  const record = claimStep(site, job, { ...wanted, waiting: !wanted.overlap });
  const started = performance.now();
  let waited = false;
  while (record.waiting && readSteps(site, job).some((other) => blocks(other, record))) {
    if (patience !== undefined && performance.now() - started >= patience) {
      writeStep(site, job, { ...record, ended: Date.now() });
      throw new Refusal(`srun: error: Unable to create step for job ${job}: Requested nodes are busy`);
    }
    if (!waited && patience === undefined) {
      say(`Job ${job} step creation temporarily disabled, retrying (Requested nodes are busy)`);
    }
    waited = true;
    await sleep(LOOK);
  }
  if (waited) say(`Step created for job ${job}`);
  const ready = { ...record, waiting: false, started: Date.now() };
  if (record.waiting) writeStep(site, job, ready);
  return ready;
}

/** An earlier step that holds, or waits for, one of the same nodes. */
function blocks(other: StepRecord, own: StepRecord): boolean {
  if (other.step >= own.step || other.overlap || other.ended !== undefined) return false;
  if (other.exact && own.exact) return false;
  return other.nodes.some((node) => own.nodes.includes(node)) && isAlive(other.srun);
}
