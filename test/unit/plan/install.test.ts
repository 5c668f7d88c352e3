import { describe, expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { planOf, sampleJob } from './sample-job.ts';

const IMAGE = { container: { image: 'lmsysorg/sglang:v0.5.21' } };

type Keys = Readonly<Record<string, unknown>>;

function planned(dynamo: Keys, more: Keys = IMAGE, cluster: Keys = {}) {
  const job = sampleJob({ prefill: {}, decode: {}, observe: { metrics: 'none' }, dynamo, ...more }, cluster);
  const plan = planOf(job);
  const step = plan.steps.find(({ kind }) => kind === 'install');
  return { plan, step, words: step?.argv.map(argText).slice(2).join(' ') };
}

test.each<[Keys, string]>([
  [{ install: {} }, '--release 1.6.1 --version 1.6.1'],
  [
    { version: '1.3.0', install: { version: '1.3.0.dev20260718' } },
    '--release 1.3.0 --version 1.3.0.dev20260718',
  ],
  [
    { version: '1.3.0', install: { wheel: '1.3.0.dev20260718' } },
    '--release 1.3.0 --version 1.3.0.dev20260718',
  ],
  [{ install: { wheel: '/w' } }, '--release 1.6.1 --wheels /w'],
  [{ install: { commit: 'c88ef73' } }, '--release 1.6.1 --commit c88ef73'],
  [
    { install: { commit: 'c88ef73', source: '/s.tar.gz' } },
    '--release 1.6.1 --commit c88ef73 --source /s.tar.gz',
  ],
])('%j', (dynamo, words) => {
  expect(planned(dynamo).words).toBe(
    `fetch --cache \${RUN_DIR%/*}/.dynamo --local /tmp ${words} --programs etcd nats-server`,
  );
});

test('without containers it is an environment with the engine', () => {
  const { words } = planned({ install: {} }, { engine: { type: 'vllm' } }, { container_runtime: 'none' });
  expect(words).toMatch(/ --version 1\.6\.1 --extra vllm --venv 1 --programs etcd nats-server$/);
  const mocker = planned({ install: {} }, { engine: { type: 'mocker' } }, { container_runtime: 'none' });
  expect(mocker.words).toMatch(/ --version 1\.6\.1 --venv 1 --programs etcd nats-server$/);
});

describe('one step before all that need it', () => {
  const { plan, step } = planned({ install: { wheel: '/w/ai_dynamo-1.6.1-py3-none-any.whl' } });
  const mountsOf = (name: string) =>
    plan.steps
      .find((one) => one.name === name)
      ?.srun.map(argText)
      .find((word) => word.startsWith('--container-mounts='))
      ?.split(',')
      .filter((mount) => mount.includes('.dynamo') || mount.startsWith('/w'));

  test('in the container of the first node', () => {
    expect(plan.steps.map(({ name }) => name)).toEqual([
      ...['container', 'cleanup', 'install', 'etcd', 'nats', 'frontend-0', 'prefill-0', 'decode-0'],
    ]);
    expect(step).toMatchObject({ nodes: [0], contained: true });
  });

  test('alone writes to the cache, and alone reads what it is made from', () => {
    expect(mountsOf('install')).toEqual(['${RUN_DIR%/*}/.dynamo:${RUN_DIR%/*}/.dynamo', '/w:/w:ro']);
    for (const name of ['etcd', 'nats', 'frontend-0', 'prefill-0', 'decode-0'])
      expect(mountsOf(name), name).toEqual(['${RUN_DIR%/*}/.dynamo:${RUN_DIR%/*}/.dynamo:ro']);
  });

  test('its time comes on top of the time until ready', () => {
    const limits = [{}, { commit: 'c88ef73' }, { deadline: '1m' }].map((install) => {
      const { install: own, readiness } = planned({ install }).plan;
      return [own?.limit, readiness.deadline];
    });
    expect(limits).toEqual([
      [1200, 7200 + 1200],
      [3600, 7200 + 3600],
      [60, 7200 + 60],
    ]);
  });

  test('the image need not have etcd and NATS', () => {
    const container = plan.steps.find(({ kind }) => kind === 'container');
    expect(container?.argv.slice(5)).toEqual(['python3']);
    const { plan: bare } = planned({ install: {} }, {}, { container_runtime: 'none' });
    const programs = bare.preflight
      .filter(({ words }) => words[0] === 'program')
      .map(({ words }) => words[1]);
    expect(programs).toEqual(['python3']);
  });
});

test('nginx is one of the programs where it would run on a host that has nothing', () => {
  const several = { frontend: { count: 2 }, slurm: { account: 'a', partition: 'p', time: '1h' } };
  const bare = planned({ install: {} }, several, { container_runtime: 'none' });
  expect(bare.words).toMatch(/ --programs etcd nats-server nginx$/);
  const contained = planned({ install: {} }, { ...IMAGE, ...several });
  expect(contained.words).toMatch(/ --programs etcd nats-server$/);
});

test('a cache of the profile, with a group', () => {
  const { plan, words } = planned({ install: {} }, IMAGE, {
    install_cache: { path: '/lustre/cache/', group: 'llm' },
  });
  expect(plan.install).toEqual({ cache: '/lustre/cache', group: 'llm', limit: 1200 });
  expect(words).toMatch(/^fetch --cache \/lustre\/cache --group llm --local \/tmp /);
});

test('where Dynamo is in the image, nothing of it is there', () => {
  const { plan, step } = planned({});
  expect([plan.install, step]).toEqual([undefined, undefined]);
});
