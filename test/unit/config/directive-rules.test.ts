import { expect, test } from 'vitest';
import { checkRules } from '../../../src/plan/rules/check-rules.ts';
import { sampleJob } from '../plan/sample-job.ts';
import { report, resolve, VALID } from './report.ts';

type Sections = Readonly<Record<string, unknown>>;

const SLURM = { account: 'acct', partition: 'batch', time: '4h' };

/** Errors and warnings about directives, as `name: message`. */
function said(directives: Sections, cluster: Sections = {}, sections: Sections = {}): readonly string[] {
  const { slurm, ...others } = sections;
  const job = sampleJob(
    {
      aggregated: { workers: 2 },
      slurm: { ...SLURM, ...(slurm as object | undefined), directives },
      ...others,
    },
    cluster,
  );
  return checkRules(job)
    .problems.filter(({ message }) => !message.startsWith('without exclusive nodes, other users'))
    .map(
      ({ severity, path, message }) =>
        `${severity === 'warning' ? 'warning: ' : ''}${path.slice(2).join('.')}: ${message}`,
    );
}

const SHARED = { slurm: { exclusive: false } };
const NONE = { gpu_directive: 'none' };

test.each([
  { gres: 'gpu:8' },
  { gres: 'craynetwork:1,gpu:h100:8' },
  { gpus: 8 },
  { 'gpus-per-nod': 4 },
  { 'gpus-per-task': 'h100:8' },
  { 'gpus-per-socket': 4 },
  { 'tres-per-task': 'cpu=4,gres/gpu=8' },
  { 'tres-per-node': 'gres/gpu:8' },
])('a second request for GPUs is refused: %j', (given) => {
  const [name] = Object.keys(given);
  expect(said(given)).toEqual([
    `${name}: requests GPUs, which dyn-slurm already requests with --gpus-per-node=8`,
  ]);
  expect(said(given, { gpu_directive: 'gres', gpu_type: 'h100' })).toEqual([
    `${name}: requests GPUs, which dyn-slurm already requests with --gres=gpu:h100:8`,
  ]);
});

test('what asks for no GPUs is let through', () => {
  expect(said({ gres: 'nvme:1000,gpumem:80', 'gpu-bind': 'closest', 'cpus-per-gpu': 4 })).toEqual([]);
});

test.each<[Sections]>([
  [{ gres: 'gpu:8' }],
  [{ gres: 'gpu:h100:8' }],
  [{ gres: 'gres:gpu:h100:8' }],
  [{ gres: 'gres/gpu:8' }],
  [{ gres: 'gpu=8' }],
  [{ gres: 'gpu:h100:8(S:0-1),nvme:1000' }],
  [{ gres: 'gpu:h100:4(S:0,1),gpu:h100:4' }],
  [{ gres: 'gpu:a:2,gpu:b:6' }],
  [{ gpus: 16 }],
  [{ gpus: 'h100:16' }],
  [{ 'gpus-per-node': 8 }],
  [{ 'gpus-per-node': 'h100:8' }],
  [{ 'gpus-per-task': 'h100:8' }],
  [{ 'gpus-per-socket': 4 }],
  [{ 'gpus-per-socket': 4, 'sockets-per-node': 2 }],
  [{ 'tres-per-task': 'cpu=4,gres/gpu=8' }],
  [{ 'tres-per-node': 'gres/gpu:h100:8' }],
])('a request that fits the plan: %j', (given) => {
  expect(said(given, NONE, SHARED)).toEqual([]);
});

test.each<[Sections, string]>([
  [{ gres: 'gpu:h100:4' }, 'requests 4 GPUs, but a node of the plan needs 8'],
  [{ gres: 'gpu' }, 'requests 1 GPU, but a node of the plan needs 8'],
  [{ gres: 'gpu:h100' }, 'requests 1 GPU, but a node of the plan needs 8'],
  [{ gres: 'gres/gpu=4' }, 'requests 4 GPUs, but a node of the plan needs 8'],
  [{ gres: 'gpu:h100:4(S:0-1),nvme:8' }, 'requests 4 GPUs, but a node of the plan needs 8'],
  [{ gres: 'gpu:a:2,gpu:b:2' }, 'requests 4 GPUs, but a node of the plan needs 8'],
  [{ gres: 'gpu:16' }, 'requests 16 GPUs, but a node of the plan has 8'],
  [{ gpus: 8 }, 'requests 8 GPUs, but the 2 nodes of the plan need 16'],
  [{ gpus: 'h100:8' }, 'requests 8 GPUs, but the 2 nodes of the plan need 16'],
  [{ 'gpus-per-node': 'h100:4' }, 'requests 4 GPUs, but a node of the plan needs 8'],
  [{ 'gpus-per-n': 'h100:4' }, 'requests 4 GPUs, but a node of the plan needs 8'],
  [{ 'gpus-per-task': 1 }, 'requests 1 GPU, but a node of the plan needs 8'],
  [
    { 'gpus-per-socket': 3 },
    'requests 3 GPUs per socket, but a node has 8 GPUs, which is not a multiple of that',
  ],
  [{ 'gpus-per-socket': 2, 'sockets-per-node': 2 }, 'requests 4 GPUs, but a node of the plan needs 8'],
  [{ 'tres-per-task': 'cpu=4,gres/gpu:4' }, 'requests 4 GPUs, but a node of the plan needs 8'],
  [{ 'tres-per-node': 'gres:gpu:4' }, 'requests 4 GPUs, but a node of the plan needs 8'],
])('a request that contradicts the plan is refused: %j', (given, message) => {
  const [name] = Object.keys(given);
  expect(said(given, NONE, SHARED)).toEqual([`${name}: ${message}`]);
});

test('a job that takes a part of each node may ask for that part', () => {
  const sections = { ...SHARED, aggregated: { workers: 2, gpus_per_worker: 2 } };
  expect(said({ gres: 'gpu:4' }, NONE, sections)).toEqual([expect.stringContaining('4 of the 8 GPUs')]);
  expect(said({ gres: 'gpu:3' }, NONE, sections)).toContain(
    'gres: requests 3 GPUs, but a node of the plan needs 4',
  );
});

test("a type of another model is doubtful, and one that is no model is the site's", () => {
  expect(said({ gres: 'gpu:a100:8' }, NONE, SHARED)).toEqual([
    'warning: gres: requests GPUs of type a100, but `gpu` is h100',
  ]);
  expect(said({ gres: 'gpu:nvidia_h100_80gb_hbm3:8' }, NONE, SHARED)).toEqual([]);
});

test('no request at all gets no GPU, but on nodes of its own', () => {
  expect(said({ mem: '224G' }, NONE, SHARED)).toEqual([
    ': no GPUs are requested: the cluster profile has gpu_directive: none, and without --exclusive Slurm allocates only what a job requests',
  ]);
  expect(said({ mem: '224G' }, NONE)).toEqual([]);
});

test.each<[Sections, string]>([
  [{ gr: 'nvme' }, 'gr: is short for several options of sbatch: gres or gres-flags'],
  [{ nice: 1, nic: 2 }, 'nic: is the same option as nice, --nice'],
  [{ tasks: 4 }, 'tasks: is short for ntasks, which is set by dyn-slurm itself'],
  [
    { 'mem-per-cpu': '1G', mem: '8G' },
    'mem: cannot be combined with mem-per-cpu: sbatch accepts only one of them',
  ],
  [{ licence: 'a' }, 'warning: licence: is not an sbatch option; did you mean "licenses"?'],
  [
    { oversubscribe: true },
    'oversubscribe: contradicts --exclusive, which slurm.exclusive requests: sbatch would use the last of the two',
  ],
])('an option twice, or one that is none: %j', (given, message) => {
  expect(said(given)).toEqual([message]);
});

test('constraints that cannot be joined', () => {
  expect(said({ constraint: 'a|b' }, {}, { slurm: { constraint: 'h100' } })).toEqual([
    'constraint: cannot be joined with slurm.constraint, "h100", because of its "|" or brackets',
  ]);
});

test('a directive in the preamble is not read', () => {
  expect(said({}, { preamble: 'module load x\n#SBATCH --gres=nvme:1\n' })).toEqual([
    ': the preamble of the cluster profile contains #SBATCH lines, which sbatch ignores after the first command of a script',
  ]);
});

test('a value may hold what sbatch reads in quotes, and no line break', () => {
  const config = (comment: string) =>
    VALID.replace('time: 4h}', `time: 4h, directives: {comment: ${comment}}}`);
  const json = `'{"IdleReaper":{"exemptIdleTimeMins":"90","reason":"model #1"}}'`;
  expect(resolve(config(json)).diagnostics).toEqual([]);
  expect(report(config('"a\\nb"'))).toContain(
    'slurm.directives.comment: must not contain a line break, which an #SBATCH line cannot contain',
  );
});
