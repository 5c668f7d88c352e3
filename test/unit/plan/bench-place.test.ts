import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { planOf, sampleJob } from './sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

const LOAD = { type: 'aiperf', isl: 8, osl: 8, concurrencies: 1 };
const ROLES = { prefill: { workers: 2, nodes: 2 }, decode: { workers: 1, nodes: 2 } };

function planned(bench: object, sections: Sections = {}, site: Sections = {}) {
  return planOf(sampleJob({ ...ROLES, ...sections, bench: { ...LOAD, ...bench } }, site));
}

test.each([
  [{}, 4, 0],
  [{ node: 'head' }, 4, 0],
  [{ node: 'last' }, 4, 3],
  [{ node: 'decode' }, 4, 2],
  [{ node: 'own' }, 5, 4],
])('a benchmark with %j: of %i nodes, on node %i', (bench, nodes, node) => {
  const plan = planned(bench);
  const step = plan.steps.find(({ kind }) => kind === 'bench');
  expect([plan.nodes.length, step?.nodes, step?.gpus]).toEqual([nodes, [node], []]);
});

test('a node of its own has nothing else, and takes no GPUs from workers or frontends', () => {
  const plan = planned({ node: 'own' }, { frontend: { count: 4 }, observe: { gpu_log: 'nvidia-smi' } });
  expect(plan.nodes[4]).toEqual({ index: 4, roles: ['bench'], steps: ['bench'], gpusUsed: 0 });
  expect(plan.warnings).toEqual([]);
  const step = plan.steps.find(({ kind }) => kind === 'bench');
  expect(argText(step?.env.DYN_SLURM_URL ?? '')).toBe('http://${NODE_IP[0]}:8000');
});

test('the step that `dyn-slurm bench` starts runs where the config says, too', () => {
  const { benchOnDemand } = planned({ type: 'builtin', node: 'own' });
  expect(benchOnDemand?.nodes).toEqual([4]);
});

const IMAGE = '/images/aiperf.sqsh';

function containers(
  bench: object,
  sections: Sections = { container: { image: 'nvcr.io/a/b:1' } },
  site: Sections = {},
) {
  const plan = planned(bench, sections, site);
  const steps = plan.steps.map(({ name, kind, nodes, srun }) => {
    const words = srun.map(argText).filter((word) => /^--container-(image|name)=/.test(word));
    const programs = kind === 'container' ? srun.map(argText).slice(srun.indexOf('container') + 1) : [];
    return `${name} on ${nodes}: ${[...words, ...programs].join(' ')}`;
  });
  const files = plan.preflight.filter(({ words }) => words[0] === 'readable');
  return {
    steps: steps.filter((step) => /^(container|cleanup|bench|frontend)/.test(step)),
    files: files.map(({ nodes, words }) => `${nodes}: ${words.slice(1).join(' ')}`),
  };
}

test('an image of its own is unpacked once, looked through for the tool, and removed at the end', () => {
  expect(containers({ image: IMAGE, node: 'last' })).toEqual({
    steps: [
      'container on 0,1,2,3: --container-image=nvcr.io#a/b:1 --container-name=${CONTAINER}:no_exec etcd python3 nats-server',
      `container-bench on 3: --container-image=${IMAGE} --container-name=\${CONTAINER}-bench:no_exec aiperf`,
      'cleanup on 0,1,2,3: ',
      'frontend-0 on 0: --container-image=nvcr.io#a/b:1 --container-name=${CONTAINER}:no_exec',
      `bench on 3: --container-image=${IMAGE} --container-name=\${CONTAINER}-bench:no_exec`,
    ],
    files: [`3: the image of bench ${IMAGE}`],
  });
});

test('the job’s image is looked through for the tool, too', () => {
  const { steps } = containers({});
  expect(steps[0]).toMatch(/ etcd python3 nats-server aiperf$/);
});

test('a program that a path names, or a PATH of its own finds, is not looked for', () => {
  expect(containers({ program: '/venv/bin/aiperf' }).steps[0]).toMatch(/ nats-server$/);
  expect(containers({ env: { PATH: '/venv/bin:/usr/bin' } }).steps[0]).toMatch(/ nats-server$/);
});

test('only the benchmark is in a container where the job has no image', () => {
  expect(containers({ image: IMAGE }, {}).steps).toEqual([
    `container-bench on 0: --container-image=${IMAGE} --container-name=\${CONTAINER}-bench:no_exec aiperf`,
    'cleanup on 0: ',
    'frontend-0 on 0: ',
    `bench on 0: --container-image=${IMAGE} --container-name=\${CONTAINER}-bench:no_exec`,
  ]);
});

test('without shared containers its step alone has the image', () => {
  const { steps } = containers({ image: IMAGE }, undefined, { shared_container: false });
  expect(steps).toEqual([
    'frontend-0 on 0: --container-image=nvcr.io#a/b:1',
    `bench on 0: --container-image=${IMAGE}`,
  ]);
});

test('on the host, the nodes are asked for the tool before anything starts', () => {
  const plan = planned({ node: 'last' }, {}, { container_runtime: 'none' });
  const checks = plan.preflight.filter(({ words }) => words[1] === 'aiperf');
  expect(checks).toEqual([
    { nodes: [3], words: ['program', 'aiperf', expect.stringContaining('set bench.program')] },
  ]);
});

test('a command and its variables are told of the service by placeholders', () => {
  const plan = planned({
    type: 'custom',
    command: `load {url} '{model}' {results}/a {isl} {concurrencies} {concurrency} {nothing} \${url} {{url}} { echo; }`,
    env: {
      DECODE: '{decode_endpoints}',
      PREFILL: '{prefill_ips}',
      URLS: '{metrics_urls}',
      AT: '{host} {port}',
    },
  });
  const step = plan.steps.find(({ kind }) => kind === 'bench');
  expect(argText(step?.argv[2] ?? '')).toBe(
    "load http://${NODE_IP[0]}:8000 'm' ${ATTEMPT_DIR}/results/a 8 1 1 {nothing} ${url} {url} { echo; }",
  );
  const { DECODE, PREFILL, URLS, AT } = step?.env ?? {};
  expect([DECODE, PREFILL, URLS, AT].map((word) => argText(word ?? ''))).toEqual([
    '${NODE_IP[2]}:8081',
    '${NODE_IP[0]},${NODE_IP[1]}',
    'http://${NODE_IP[0]}:8081/metrics,http://${NODE_IP[1]}:8081/metrics,http://${NODE_IP[2]}:8081/metrics',
    '${NODE_IP[0]} 8000',
  ]);
});
