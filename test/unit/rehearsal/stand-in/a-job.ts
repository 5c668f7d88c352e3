import type { JobRecord } from '../../../../src/rehearsal/slurm/job-record.ts';

export function aJob(change: Partial<JobRecord> = {}): JobRecord {
  return {
    id: 7,
    name: 'averylongname',
    user: 'ada',
    uid: 1000,
    gid: 100,
    partition: 'batch',
    nodes: 2,
    cpusPerTask: 1,
    cpusPerNode: 1,
    gpusPerNode: 0,
    timeLimit: 3600,
    held: false,
    workDir: '/run',
    submitDir: '/home',
    submitHost: 'login',
    state: 'PENDING',
    completing: false,
    reason: 'None',
    submitted: Date.UTC(2025, 11, 31, 23, 59, 59),
    exit: { code: 0, signal: 0 },
    hosts: [],
    addresses: [],
    ...change,
  };
}
