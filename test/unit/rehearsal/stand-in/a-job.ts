import type { JobRecord } from '../../../../src/rehearsal/slurm/job-record.ts';

export function aJob(change: Partial<JobRecord> = {}): JobRecord {
  return {
    id: 7,
    name: 'r1',
    comment: undefined,
    dependency: undefined,
    nodes: 2,
    gpusPerNode: 0,
    timeLimit: 3600,
    warning: 0,
    workDir: '/run',
    state: 'PENDING',
    completing: false,
    reason: 'None',
    submitted: Date.UTC(2025, 11, 31, 23, 59, 59),
    ...change,
  };
}
