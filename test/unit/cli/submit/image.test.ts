import { describe, expect, test } from 'vitest';
import { plan } from '../../../../src/cli/commands/config/plan.ts';
import { submit } from '../../../../src/cli/commands/submit/submit.ts';
import { eventText } from '../../../../src/cli/views/event-text.ts';
import { runStages } from '../../../../src/cli/views/run-stages.ts';
import type { EventOf, ObservedEvent } from '../../../../src/run/events.ts';
import { parseEventLine } from '../../../../src/run/events.ts';
import { stateAfter } from '../../../../src/run/state.ts';
import { put, SMALL, type TestWorld, testWorld } from '../../../world.ts';

const FILE = '/lustre/images/nvcr.io+a+b+1-x86_64-199cd780.sqsh';

type State = EventOf<'image'>['state'];

const image = (state: State, reason: string, seconds = 0): ObservedEvent =>
  parseEventLine(
    JSON.stringify({ time: '2025-11-24T05:43:10.000Z', kind: 'image', state, file: FILE, reason, seconds }),
  );

test.each<[State, string, string]>([
  [
    'waiting',
    'job 5 of ada on n3 imports it since 05:40:00',
    'waiting for the image: job 5 of ada on n3 imports it since 05:40:00',
  ],
  ['importing', 'docker://nvcr.io#a/b:1', 'importing the image: docker://nvcr.io#a/b:1'],
  ['found', 'docker://nvcr.io#a/b:1', `the image is in the cache: ${FILE}`],
  ['imported', 'docker://nvcr.io#a/b:1', `image imported after 3 min 5 s: ${FILE}`],
  [
    'reimported',
    `${FILE} is not a squashfs image`,
    `image imported again after 3 min 5 s: ${FILE} is not a squashfs image`,
  ],
  ['left-out', 'a rehearsal runs no containers', 'image skipped: a rehearsal runs no containers'],
])('a line for an image that is %s', (state, reason, line) => {
  expect(eventText(image(state, reason, 185))).toBe(line);
});

describe('the step list', () => {
  const outline = {
    steps: [
      { name: 'image', kind: 'image', role: null },
      { name: 'etcd', kind: 'etcd', role: null },
    ],
  } as const;
  const started: ObservedEvent = {
    time: '2025-11-24T05:43:00.000Z',
    kind: 'step-started',
    step: 'image',
    nodes: ['n1'],
  };
  const shown = (...events: ObservedEvent[]) =>
    runStages(stateAfter(events), outline, undefined).find(({ key }) => key === 'image');

  test('has the image between nodes and infrastructure', () => {
    expect(runStages(stateAfter([]), outline, undefined).map(({ key }) => key)).toEqual([
      ...['queue', 'nodes', 'image', 'infra', 'services', 'ready', 'serving', 'teardown'],
    ]);
  });

  test('says who imports it meanwhile', () => {
    expect(shown(started, image('waiting', 'job 5 imports it'))).toMatchObject({
      status: 'active',
      note: 'waiting, job 5 imports it',
    });
  });

  test('is done with it when the file is there', () => {
    const at = Date.parse('2025-11-24T05:43:00.000Z');
    expect(shown(started, image('importing', 'x'), image('imported', 'x', 10))).toEqual({
      ...{ key: 'image', title: 'image', note: 'imported, x' },
      ...{ status: 'done', from: at, to: at + 10_000 },
    });
  });
});

describe('before a job is sent', () => {
  function cachedWorld(): TestWorld {
    const world = testWorld();
    put(world, {
      'small.yaml': `${SMALL}container: {image: "nvcr.io#a/b:1"}\n`,
      '.config/dyn-slurm/clusters/cached.yaml': 'image_cache: /lustre/images\n',
    });
    return world;
  }

  test('the plan has a step for the image', async () => {
    const world = cachedWorld();
    expect(await plan('small.yaml', { cluster: 'cached' }, world)).toBe(0);
    expect(world.stdout()).toContain(`bash "\${RUN_DIR}/runtime/image.sh" 'docker://nvcr.io#a/b:1' ${FILE}`);
    expect(world.stdout()).toContain(`--container-image=${FILE}`);
  });

  test('a dry-run says where it comes from, and where it stays', async () => {
    const world = cachedWorld();
    expect(await submit('small.yaml', { cluster: 'cached', dryRun: true }, world)).toBe(0);
    const [facts = ''] = world.stdout().split('==>');
    expect(facts.match(/^.*(image).*$/gm)).toEqual([
      '  image       nvcr.io#a/b:1',
      `  image file  ${FILE}`,
      `  ${FILE} (0644): docker://nvcr.io#a/b:1, imported if it does not exist yet`,
    ]);
  });
});
