import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { planOf, sampleJob } from './sample-job.ts';

const PAIR = { prefill: { nodes: 1 }, decode: { nodes: 2 } };

const commands = (sections: Parameters<typeof sampleJob>[0]) =>
  new Map(planOf(sampleJob(sections)).steps.map(({ name, argv }) => [name, argv.map(argText)]));

test('workers of the roles that are named run under nsys, others as ever', () => {
  const plain = commands(PAIR);
  const profiled = commands({ ...PAIR, profile: { roles: ['decode'] } });
  expect(profiled.get('decode-0')).toEqual([
    'nsys',
    'profile',
    '--trace=cuda,nvtx',
    '--sample=none',
    '--cpuctxsw=none',
    '--cuda-graph-trace=node',
    '--trace-fork-before-exec=true',
    '--capture-range=cudaProfilerApi',
    '--capture-range-end=repeat',
    '--kill=none',
    '--wait=primary',
    '--output=${ATTEMPT_DIR}/logs/decode-0.${NODE_RANK}.%p',
    'bash',
    '-c',
    'echo $$ >"$0" && exec "$@"',
    '${ATTEMPT_DIR}/state/decode-0.${NODE_RANK}.engine',
    'python3',
    '-m',
    'dynamo.sglang',
    '--model-path',
    '/models/m',
    '--served-model-name',
    'm',
    '--disaggregation-mode',
    'decode',
    '--disaggregation-bootstrap-port',
    '30001',
    '--dist-init-addr',
    '${NODE_IP[1]}:29500',
    '--nnodes',
    '2',
    '--node-rank',
    '${NODE_RANK}',
    '--tp-size',
    '16',
    '--host',
    '${SELF_IP}',
    '--request-plane',
    'tcp',
    '--event-plane',
    'nats',
  ]);
  for (const [name, argv] of plain) {
    if (name !== 'decode-0') expect(profiled.get(name)).toEqual(argv);
  }
});

test('each node writes a report of its own', () => {
  const plan = planOf(sampleJob({ ...PAIR, profile: { roles: ['decode'] } }));
  const outputs = plan.processes
    .filter(({ name }) => name === 'decode-0')
    .map(({ argv }) => argv.map(argText).find((word) => word.startsWith('--output=')));
  expect(outputs).toEqual([
    '--output=${ATTEMPT_DIR}/logs/decode-0.0.%p',
    '--output=${ATTEMPT_DIR}/logs/decode-0.1.%p',
  ]);
});

test('further words of nsys come before the command', () => {
  const argv =
    commands({
      aggregated: {},
      profile: { roles: ['aggregated'], flags: ['--gpu-metrics-devices=all'] },
    }).get('aggregated-0') ?? [];
  expect(argv.slice(argv.indexOf('bash') - 1, argv.indexOf('bash') + 1)).toEqual([
    '--gpu-metrics-devices=all',
    'bash',
  ]);
});
