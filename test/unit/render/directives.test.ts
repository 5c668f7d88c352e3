import { expect, test } from 'vitest';
import { planJob } from '../../../src/plan/assemble.ts';
import { directives } from '../../../src/render/directives.ts';
import { sampleJob } from '../plan/sample-job.ts';

const lines = (sections: Readonly<Record<string, unknown>>): readonly string[] => {
  const job = sampleJob({ aggregated: { workers: 2 }, ...sections });
  return directives(job, planJob(job));
};

test('the options of sbatch', () => {
  expect(lines({})).toEqual([
    '--job-name=sample',
    '--account=acct',
    '--partition=batch',
    '--time=0-04:00:00',
    '--nodes=2',
    '--ntasks=2',
    '--ntasks-per-node=1',
    '--exclusive',
    '--mem=0',
    '--gpus-per-node=8',
    '--output=job.log',
    '--open-mode=append',
    '--export=ALL',
    '--propagate=NONE',
    '--signal=B:USR1@120',
    '--no-requeue',
  ]);
});

test('a job may be started again', () => {
  const slurm = { account: 'acct', partition: 'batch', time: '4h', requeue: true };
  expect(lines({ slurm }).at(-1)).toBe('--requeue');
});

test('a job that may lose workers outlives their nodes', () => {
  expect(lines({ aggregated: { workers: 2, critical: false } }).slice(-2)).toEqual([
    '--no-requeue',
    '--no-kill',
  ]);
});

test('a node of infrastructure is a node more', () => {
  expect(lines({ infra: { dedicated_node: true } })).toContain('--nodes=3');
});

test.each(['mem', 'mem-per-cpu', 'mem-per-gpu', 'mem-per-c'])(
  'memory that is asked for with %s is asked for once',
  (name) => {
    const slurm = { account: 'acct', partition: 'batch', time: '4h', directives: { [name]: '3G' } };
    expect(lines({ slurm }).filter((line) => line.startsWith('--mem'))).toEqual([`--${name}=3G`]);
  },
);
