import { join } from 'node:path';
import type { Ending, JobRecord, StepRecord } from './job-record.ts';
import { jobDir, readJson, readSteps, writeStep, writeWhole } from './job-store.ts';
import { isAlive, processesOf, sendSignal } from './process-table.ts';
import { jobMark, type Site } from './site.ts';

/** Signals a step's tasks, or with SIGKILL all of it. Its srun tells of those that end it. */
export function signalStep(site: Site, job: JobRecord, step: StepRecord, signal: NodeJS.Signals): void {
  const aborts = signal === 'SIGKILL';
  if (aborts || signal === 'SIGTERM') {
    noteEnding(site, job.id, step.step, { at: Date.now(), why: 'CANCELLED', aborts });
  }
  const all = aborts
    ? processesOf(jobMark(site.dir, job.id), String(step.step))
    : step.processes.filter(isAlive);
  sendSignal(all, signal);
}

/**
 * A step does not outlive its srun: a second process of that notices. But where both are killed at once, with the step in
 * which they ran, nobody tells the tasks: so it is on Slurm 22.05.
 */
export function endLostSteps(site: Site, job: JobRecord): void {
  const steps = readSteps(site, job.id);
  for (const record of steps) {
    if (record.ended !== undefined || isAlive(record.srun)) continue;
    const left = processesOf(jobMark(site.dir, job.id), String(record.step));
    const around = steps.find(({ step }) => step === record.within);
    const orphaned = around !== undefined && !around.processes.some(isAlive);
    if (!orphaned) sendSignal(left, 'SIGKILL');
    if (left.length === 0) writeStep(site, job.id, { ...record, ended: Date.now() });
  }
}

function noteEnding(site: Site, job: number, step: number, ending: Ending): void {
  writeWhole(endingFile(site, job, step), JSON.stringify(ending));
}

/** Undefined unless something told the step to end, or its whole job. */
export function readEnding(site: Site, job: JobRecord | undefined, step: number): Ending | undefined {
  return job && (job.ending ?? readJson<Ending>(endingFile(site, job.id, step)));
}

function endingFile(site: Site, job: number, step: number): string {
  return join(jobDir(site, job), 'steps', `${step}.ending.json`);
}
