import { expect, test } from 'vitest';
import { planOf, sampleJob } from './sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

/** `0,1: gpus 8` for each check. */
function checks(sections: Sections, cluster: Sections = {}): readonly string[] {
  return planOf(sampleJob(sections, cluster)).preflight.map(
    ({ nodes, words }) => `${nodes.join(',')}: ${words.join(' ')}`,
  );
}

test('every node is asked for what its processes need', () => {
  expect(
    checks({
      prefill: { gpus_per_worker: 2 },
      decode: { nodes: 2 },
      container: { image: '/images/dynamo.sqsh' },
      frontend: { count: 2 },
    }),
  ).toEqual([
    '0: gpus 2 h100',
    '1,2: gpus 8 h100',
    '0,1,2: model weights,tokenizer,gb:160 /models/m /models/m',
    '0,1,2: readable the container image /images/dynamo.sqsh',
    '0: program nginx several frontends need it on the node itself, outside the container: install it, put the folder of a copy on PATH in the preamble of the cluster profile, name an image that has it (frontend.nginx.image), or set frontend.count to 1',
    '0: local_dir /tmp',
    '0: ports etcd 2379',
    '0: ports nats 4222',
    '0: ports frontend-0 8180 7778',
    '1: ports frontend-1 8180 7778',
    '0: ports nginx 8000',
    '0: ports prefill-0 7777 8081 *:29500-29506 30001',
    '1: ports decode-0 7777 8081 *:29500-29506',
    '2: ports decode-0 7777 8081',
  ]);
});

test('programs that steps start on the nodes themselves', () => {
  const missing =
    'the job runs it on the node itself, for nothing runs in a container: install it, put the folder of a copy on PATH in the preamble of the cluster profile, or run all in an image that has it (container.image, and container_runtime: pyxis)';
  const programs = (sections: Sections, cluster?: Sections) =>
    checks(sections, cluster).filter((check) => check.includes('program'));
  const roles = { prefill: {}, decode: { nodes: 2 } };
  const all = [
    `0: program etcd ${missing}`,
    `0,1,2: program python3 ${missing}`,
    `0: program nats-server ${missing}`,
  ];
  expect(programs(roles)).toEqual(all);
  expect(programs({ ...roles, container: { image: 'i' } }, { container_runtime: 'none' })).toEqual(all);
  expect(programs({ ...roles, container: { image: 'i' } })).toEqual([]);
  // Whoever gives a role a PATH knows what is on it; the frontend and the script of etcd need Python all the same.
  const path = { env: { PATH: '/opt/python/bin' } };
  expect(programs({ prefill: path, decode: path })).toContain(`0: program python3 ${missing}`);
});

test('a node of infrastructure alone needs neither GPU nor model', () => {
  const found = checks({ aggregated: {}, infra: { dedicated_node: true } });
  expect(found.filter((check) => /gpus|model/.test(check))).toEqual([
    '1: gpus 8 h100',
    '1: model weights,tokenizer,gb:640 /models/m',
  ]);
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['what is not said', { aggregated: {} }, 'weights,tokenizer'],
  ['weights that are made up', { aggregated: { args: { 'load-format': 'dummy' } } }, 'tokenizer'],
  ['weights from elsewhere', { aggregated: { args: { load_format: 'remote_instance' } } }, 'tokenizer'],
  [
    'a role that loads them all the same',
    { prefill: { args: { 'load-format': 'dummy' } }, decode: {} },
    'weights,tokenizer',
  ],
  ['no tokenizer', { aggregated: { args: { 'skip-tokenizer-init': true } } }, 'weights'],
  ['no tokenizer, by a flag', { aggregated: { flags: ['--skip-tokenizer-init'] } }, 'weights'],
  ['a tokenizer elsewhere', { aggregated: { flags: ['--tokenizer-path', '/t'] } }, 'weights'],
  ['a tokenizer after all', { aggregated: { args: { 'skip-tokenizer-init': false } } }, 'weights,tokenizer'],
  ['mock engines', { aggregated: { module: 'dynamo.mocker' } }, 'config'],
])('what engines need of the folder of a model: %s', (_, sections, needs) => {
  // Weights have to fit into the 640 GB of a node of h100.
  const all = needs.includes('weights') ? `${needs},gb:640` : needs;
  expect(checks(sections).filter((check) => check.includes(': model '))).toEqual([
    expect.stringMatching(new RegExp(`: model ${all} /models/m$`)),
  ]);
});

test('weights have to fit into the smallest worker that loads them, where its GPUs are known', () => {
  const asked = (sections: Sections, cluster?: Sections) =>
    checks(sections, cluster).flatMap((check) => /gb:\d+/.exec(check) ?? []);
  const roles = { prefill: { gpus_per_worker: 2 }, decode: { nodes: 2 } };
  expect(asked({ ...roles, gpu: 'h200' })).toEqual(['gb:282']);
  expect(asked({ ...roles, gpu: 'gb300' })).toEqual(['gb:576']);
  expect(asked({ decode: { nodes: 2 }, prefill: {}, gpu: 'mi355x' })).toEqual(['gb:2304']);
  const dummy = { gpus_per_worker: 2, args: { 'load-format': 'dummy' } };
  expect(asked({ ...roles, prefill: dummy })).toEqual(['gb:1280']);
  expect(asked({ ...roles, gpu: 'any' })).toEqual([]);
});

test('names of Hugging Face and of registries are not looked for on disk', () => {
  const model = { path: 'org/model', served_name: 'm' };
  const owner = { env: { HF_HOME: '/hf' } };
  const container = { image: 'nvcr.io#nvidia/x:1', mounts: ['/hf:/hf'] };
  const found = checks({ aggregated: owner, frontend: owner, model, container });
  expect(found.filter((check) => /readable|model /.test(check))).toEqual([]);
});

test('an image that is not used is not looked for', () => {
  const container = { image: '/images/dynamo.sqsh' };
  expect(checks({ aggregated: {}, container }, { container_runtime: 'none' }).join()).not.toContain(
    'the container image',
  );
});

test('it can be turned off', () => {
  expect(checks({ aggregated: {}, health: { preflight: false } })).toEqual([]);
});
