import { expect, test } from 'vitest';
import { directiveLine } from '../../../src/render/directive-line.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

const SLURM = { account: 'acct', partition: 'batch', time: '4h' };

const lines = (sections: Sections, site: Sections = {}): readonly string[] => {
  return planOf(sampleJob({ aggregated: { workers: 2 }, ...sections }, site)).directives;
};

const withDirectives = (given: Sections, site: Sections = {}, slurm: Sections = {}) =>
  lines({ slurm: { ...SLURM, ...slurm, directives: given } }, site);

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

test.each([
  ['mem', 'mem'],
  ['mem-per-cpu', 'mem-per-cpu'],
  ['mem-per-gpu', 'mem-per-gpu'],
  ['mem-per-c', 'mem-per-cpu'],
])('memory that is asked for with %s is asked for once', (name, option) => {
  expect(withDirectives({ [name]: '3G' }).filter((line) => line.startsWith('--mem'))).toEqual([
    `--${option}=3G`,
  ]);
});

test.each<[string, Sections, Sections, Sections, readonly string[]]>([
  ['gres', { gres: 'nvme:1000' }, { gpu_directive: 'gres' }, {}, ['--gres=gpu:8,nvme:1000']],
  [
    'gres beside another option for GPUs',
    { gres: 'nvme:1000' },
    {},
    {},
    ['--gpus-per-node=8', '--gres=nvme:1000'],
  ],
  [
    'a GPU type, in gres',
    { gres: 'nvme:1000' },
    { gpu_directive: 'gres', gpu_type: 'h100' },
    {},
    ['--gres=gpu:h100:8,nvme:1000'],
  ],
  ['a GPU type, by node', {}, { gpu_type: 'h100' }, {}, ['--gpus-per-node=h100:8']],
  ['licenses', { licenses: 'a:1', licen: 'b@db:2' }, {}, {}, ['--licenses=a:1,b@db:2']],
  ['constraint', { constraint: 'ib' }, {}, { constraint: 'h100' }, ['--constraint=h100&ib']],
  ['the same constraint', { constraint: 'ib' }, {}, { constraint: 'ib' }, ['--constraint=ib']],
])('%s: one option, with all of the list', (_, given, site, slurm, expected) => {
  const all = withDirectives(given, site, slurm);
  const option = /^--(gpus|gres|licenses|constraint|exclude)/;
  expect(all.filter((line) => option.test(line))).toEqual(expect.arrayContaining([...expected]));
  const names = all.map((line) => line.replace(/=.*/s, ''));
  expect(names).toEqual([...new Set(names)]);
});

test('what dyn-slurm adds to goes onto the command line', () => {
  const given = {
    comment: '{"a":1}',
    depend: 'afterok:7',
    exclude: 'n1',
    exclud: 'n[2-3]',
    'mail-type': 'END',
  };
  const plan = planOf(sampleJob({ aggregated: {}, slurm: { ...SLURM, directives: given } }));
  expect(plan.directives.filter((line) => /comment|depend|exclude|mail/.test(line))).toEqual([
    '--mail-type=END',
  ]);
  expect(plan.commandLine).toEqual({
    comment: '{"a":1}',
    dependency: 'afterok:7',
    exclude: 'n1,n[2-3]',
  });
});

test.each([
  ['--gres=gpu:8,nvme:1000', '--gres=gpu:8,nvme:1000'],
  ['--constraint=[a*2&b]', '--constraint=[a*2&b]'],
  ['--extra={"a": "b#c"}', `--extra='{"a": "b#c"}'`],
  ["--extra=it's", `--extra="it's"`],
  ['--extra=a\\"b\'', `--extra="a\\\\\\"b'"`],
])('%s as a line', (option, line) => {
  expect(directiveLine(option)).toBe(line);
});
