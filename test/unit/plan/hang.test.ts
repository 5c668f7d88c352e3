import { expect, test } from 'vitest';
import { assemble } from '../../../src/plan/assemble.ts';
import { hangSigns } from '../../../src/plan/hang.ts';
import { place } from '../../../src/plan/placement.ts';
import { sampleJob } from './sample-job.ts';

type Sections = Parameters<typeof sampleJob>[0];

/** What a worker's environment says of the canary, and whether the job counts on it. */
function canaryOf(sections: Sections) {
  const job = sampleJob(sections);
  const { env = {} } = assemble(job, place(job), []).steps.find(({ kind }) => kind === 'worker') ?? {};
  const own = Object.entries(env).filter(([name]) => /^DYN_(CANARY|HEALTH_CHECK)/.test(name));
  return { canary: hangSigns(job)?.canary, env: Object.fromEntries(own) };
}

const NONE = { canary: false, env: {} };

test.each<[string, Sections, object]>([
  [
    'Dynamo’s runtime',
    { aggregated: {}, health: { hang: '2m' } },
    {
      canary: true,
      env: {
        DYN_HEALTH_CHECK_ENABLED: 'true',
        DYN_CANARY_WAIT_TIME: '30',
        DYN_HEALTH_CHECK_REQUEST_TIMEOUT: '120',
      },
    },
  ],
  ['no Dynamo before 1.0', { aggregated: {}, dynamo: { version: '0.9.1' } }, NONE],
  ['no mock engine', { aggregated: {}, engine: { type: 'mocker' } }, NONE],
  ['nobody, where hangs are not watched', { aggregated: {}, health: { hang: '0' } }, { env: {} }],
  [
    'nobody, where requests are for images',
    { aggregated: { args: { 'image-diffusion-worker': true } } },
    { env: {} },
  ],
])('a canary is sent by %s', (_, sections, expected) => {
  expect(canaryOf(sections)).toEqual(expected);
});

test('a config’s own variables win', () => {
  const env = { DYN_HEALTH_CHECK_ENABLED: 'false' };
  expect(canaryOf({ aggregated: { env } })).toEqual({ canary: false, env });
});
