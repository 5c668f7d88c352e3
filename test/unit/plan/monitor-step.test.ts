import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { planOf, sampleJob } from './sample-job.ts';

function monitors(gpu_log: string) {
  const observe = { gpu_log, interval: '10s', metrics: 'none' };
  const job = sampleJob({ prefill: {}, decode: { nodes: 2 }, infra: { dedicated_node: true }, observe });
  const steps = planOf(job).steps.filter(({ kind }) => kind === 'monitor');
  return {
    steps: steps.map(({ srun: _, ...body }) => body),
    srun: steps.map(({ srun }) => srun.map(argText).join(' ')),
  };
}

test('GPU utilization is logged on the nodes that have workers', () => {
  const { steps, srun } = monitors('nvidia-smi');
  expect(steps).toEqual([
    {
      name: 'gpu',
      kind: 'monitor',
      role: null,
      worker: null,
      nodes: [1, 2, 3],
      gpus: [],
      argv: [
        'nvidia-smi',
        '--query-gpu=timestamp,index,utilization.gpu,utilization.memory,memory.used,memory.total,power.draw,clocks.sm,temperature.gpu',
        '--format=csv,nounits',
        '-l',
        '10',
      ],
      env: {},
      secrets: {},
      ports: [],
      contained: false,
    },
  ]);
  // One node without nvidia-smi does not end the log of the others.
  expect(srun).toEqual([
    'srun --nodes=3 --ntasks=3 --ntasks-per-node=1 --nodelist=${NODE[1]},${NODE[2]},${NODE[3]} --job-name=gpu --overlap ' +
      '--mpi=none --cpu-bind=none --input=none --output=${ATTEMPT_DIR}/logs/gpu.%N.csv --open-mode=append ' +
      'bash -p ${RUN_DIR}/steps/gpu.sh',
  ]);
});

test('by DCGM, in milliseconds', () => {
  expect(monitors('dcgmi').steps[0]?.argv).toEqual([
    'dcgmi',
    'dmon',
    '-e',
    '203,252,155,100,150,1002,1004',
    '-d',
    '10000',
  ]);
});

test("AMD's GPUs by AMD SMI, which does not hold its lines back", () => {
  const [step] = monitors('amd-smi').steps;
  expect(step?.argv.join(' ')).toBe(
    'amd-smi monitor --power-usage --gfx --mem --vram-usage --watch 10 --csv',
  );
  expect(step?.env).toEqual({ PYTHONUNBUFFERED: '1' });
});

test('not unless asked', () => {
  expect(monitors('none').steps).toEqual([]);
});

test('one process on the head node samples the metrics of all frontends and workers, by their leaders', () => {
  const job = sampleJob({ prefill: {}, decode: { nodes: 2 }, frontend: { count: 2 } });
  const step = planOf(job).steps.find(({ name }) => name === 'metrics');
  const { srun, ...body } = step ?? {};
  expect({ ...body, argv: step?.argv.map(argText) }).toEqual({
    name: 'metrics',
    kind: 'monitor',
    role: null,
    worker: null,
    nodes: [0],
    gpus: [],
    argv: [
      'bash',
      '${RUN_DIR}/runtime/metrics.sh',
      '5',
      '${LOCAL_DIR}',
      'frontend-0=${NODE_IP[0]}:8180',
      'frontend-1=${NODE_IP[1]}:8180',
      'prefill-0=${NODE_IP[0]}:8081',
      'decode-0=${NODE_IP[1]}:8081',
    ],
    env: {},
    secrets: {},
    ports: [],
    contained: false,
  });
  expect(srun?.map(argText)).toContain('--output=${ATTEMPT_DIR}/logs/metrics.%N.prom');
});

test('metrics as often as asked, or not at all', () => {
  const steps = (metrics: string) =>
    planOf(sampleJob({ aggregated: {}, observe: { metrics } })).steps.filter(
      ({ kind }) => kind === 'monitor',
    );
  expect(steps('1m').map(({ argv }) => argv[2])).toEqual(['60']);
  expect(steps('none')).toEqual([]);
});
