import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import type { Job } from '../../../src/config/job.ts';
import { planOf, sampleJob } from './sample-job.ts';

function srun(job: Job, name: string): readonly string[] {
  const step = planOf(job).steps.find((candidate) => candidate.name === name);
  if (!step) throw new Error(`no step ${name}`);
  return step.srun.map(argText);
}

const container = { image: 'nvcr.io#nvidia/dynamo:1.6.1', mounts: ['/lustre/configs:/configs'] };

test('a step on the host', () => {
  expect(srun(sampleJob({ prefill: {}, decode: { nodes: 3 } }), 'decode-0')).toEqual([
    'srun',
    '--nodes=3',
    '--ntasks=3',
    '--ntasks-per-node=1',
    '--nodelist=${NODE[1]},${NODE[2]},${NODE[3]}',
    '--job-name=decode-0',
    '--overlap',
    '--mpi=none',
    '--cpu-bind=none',
    '--kill-on-bad-exit=1',
    '--input=none',
    '--output=${ATTEMPT_DIR}/logs/decode-0.%N.log',
    '--open-mode=append',
    'bash',
    '-p',
    '${RUN_DIR}/steps/decode-0.sh',
  ]);
});

test.each([
  [
    'a worker sees the model, the site’s mounts and the job’s',
    'aggregated-0',
    '--container-mounts=${RUN_DIR}:${RUN_DIR},/models/m:/models/m:ro,${RUN_DIR%/*}/.kernels/sglang-0.5.21/h100/dynamo-1.6.1-933ce35f:${RUN_DIR%/*}/.kernels/sglang-0.5.21/h100/dynamo-1.6.1-933ce35f,/scratch:/scratch,/lustre/configs:/configs',
  ],
  [
    'etcd sees the node’s own disk',
    'etcd',
    '--container-mounts=${RUN_DIR}:${RUN_DIR},/local:/local,/scratch:/scratch,/lustre/configs:/configs',
  ],
])('%s', (_, name, mounts) => {
  const job = sampleJob(
    { aggregated: {}, container },
    { mounts: ['/scratch:/scratch'], local_dir: '/local' },
  );
  expect(srun(job, name).slice(-8, -3)).toEqual([
    '--container-image=nvcr.io#nvidia/dynamo:1.6.1',
    '--container-name=${CONTAINER}:no_exec',
    '--no-container-entrypoint',
    '--no-container-mount-home',
    mounts,
  ]);
});

const KERNELS = ['', ''].map(() => '${RUN_DIR%/*}/.kernels/sglang-0.5.21/h100/i-ec0c35c4').join(':');

test('a chat template outside the model’s folder is mounted', () => {
  const mounts = (custom_jinja_template: string): string | undefined =>
    srun(
      sampleJob({ aggregated: {}, container: { image: 'i' }, dynamo: { custom_jinja_template } }),
      'aggregated-0',
    ).at(-4);
  expect(mounts('/templates/chat.jinja')).toBe(
    `--container-mounts=\${RUN_DIR}:\${RUN_DIR},/models/m:/models/m:ro,/templates/chat.jinja:/templates/chat.jinja:ro,${KERNELS}`,
  );
  expect(mounts('/models/m/chat.jinja')).toBe(
    `--container-mounts=\${RUN_DIR}:\${RUN_DIR},/models/m:/models/m:ro,${KERNELS}`,
  );
});

test('a model that is no folder is not mounted', () => {
  const owner = { env: { HF_HOME: '/hf' } };
  const model = { path: 'Qwen/Qwen3-0.6B' };
  const job = sampleJob({
    aggregated: owner,
    frontend: owner,
    container: { image: 'i', mounts: ['/hf:/hf'] },
    model,
  });
  expect(srun(job, 'aggregated-0').at(-4)).toBe(
    `--container-mounts=\${RUN_DIR}:\${RUN_DIR},${KERNELS},/hf:/hf`,
  );
});

test('one step unpacks the image on every node that runs a container, and another removes it there at the end', () => {
  const job = sampleJob(
    { prefill: { nodes: 2 }, decode: { nodes: 2 }, container },
    { mounts: ['/scratch:/scratch'] },
  );
  expect([srun(job, 'container'), srun(job, 'cleanup')]).toEqual([
    [
      'srun',
      '--nodes=4',
      '--ntasks=4',
      '--ntasks-per-node=1',
      '--nodelist=${NODE[0]},${NODE[1]},${NODE[2]},${NODE[3]}',
      '--job-name=container',
      '--overlap',
      '--mpi=none',
      '--cpu-bind=none',
      '--kill-on-bad-exit=1',
      '--input=none',
      '--container-image=nvcr.io#nvidia/dynamo:1.6.1',
      '--container-name=${CONTAINER}:no_exec',
      '--no-container-entrypoint',
      '--no-container-mount-home',
      'bash',
      '-p',
      '-c',
      expect.stringContaining('the image has no '),
      'container',
      'etcd',
      'python3',
      'nats-server',
    ],
    [
      'srun',
      '--nodes=4',
      '--ntasks=4',
      '--ntasks-per-node=1',
      '--nodelist=${NODE[0]},${NODE[1]},${NODE[2]},${NODE[3]}',
      '--job-name=cleanup',
      '--overlap',
      '--mpi=none',
      '--cpu-bind=none',
      '--input=none',
      '--output=${ATTEMPT_DIR}/logs/cleanup.%N.log',
      '--open-mode=append',
      'bash',
      '-p',
      '${RUN_DIR}/runtime/cleanup.sh',
    ],
  ]);
});

test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ['the site’s pyxis is too old for it', { container }, { shared_container: false }],
  ['the site runs no containers', { container }, { container_runtime: 'none' }],
  ['the job has no container', {}, {}],
])('no container is shared where %s', (_, sections, cluster) => {
  const job = sampleJob({ aggregated: {}, ...sections }, cluster);
  const { steps } = planOf(job);
  expect(steps.filter(({ kind }) => kind === 'container' || kind === 'cleanup')).toEqual([]);
  expect(steps.flatMap(({ srun }) => srun.map(argText)).filter((word) => word.includes('-name='))).toEqual(
    steps.map(({ name }) => `--job-name=${name}`),
  );
});

test.each([
  ['nginx is never contained', 'nginx', {}],
  ['a site without a container runtime contains nothing', 'aggregated-0', { container_runtime: 'none' }],
])('%s', (_, name, cluster) => {
  const job = sampleJob({ aggregated: { workers: 2 }, frontend: { count: 2 }, container }, cluster);
  expect(srun(job, name).filter((word) => word.includes('container'))).toEqual([]);
});
