import { describe, expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { cachedImage } from '../../../src/plan/image.ts';
import { planOf, sampleJob } from './sample-job.ts';

const cached = (image: string, cluster: object = {}, gpu = 'h100') =>
  cachedImage(
    sampleJob(
      { aggregated: {}, container: { image }, gpu },
      { image_cache: '/lustre/images', gpus_per_node: 8, ...cluster },
    ),
  );

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('what enroot imports', () => {
  test.each([
    ['nvcr.io#nvidia/dynamo:1.6.1', 'docker://nvcr.io#nvidia/dynamo:1.6.1'],
    ['nvcr.io/nvidia/dynamo:1.6.1', 'docker://nvcr.io#nvidia/dynamo:1.6.1'],
    ['docker://nvcr.io#nvidia/dynamo:1.6.1', 'docker://nvcr.io#nvidia/dynamo:1.6.1'],
    ['registry.local:5000/team/x', 'docker://registry.local:5000#team/x'],
    ['localhost/x:1', 'docker://localhost#x:1'],
    ['lmsysorg/sglang:v0.5', 'docker://lmsysorg/sglang:v0.5'],
    ['docker.io/lmsysorg/sglang:v0.5', 'docker://lmsysorg/sglang:v0.5'],
    ['ubuntu', 'docker://ubuntu'],
    ['$oauthtoken@nvcr.io/nvidia/x:1', 'docker://$oauthtoken@nvcr.io#nvidia/x:1'],
    [`nvcr.io#nvidia/x@${DIGEST}`, `docker://nvcr.io#nvidia/x:${DIGEST}`],
    [`nvcr.io/nvidia/x:1.6.1@${DIGEST}`, `docker://nvcr.io#nvidia/x:${DIGEST}`],
    [`ubuntu@${DIGEST}`, `docker://ubuntu:${DIGEST}`],
  ])('%s', (image, source) => {
    expect(cached(image)?.source).toBe(source);
  });
});

describe('the file in the cache', () => {
  test('has a name that people can read', () => {
    expect(cached('nvcr.io#nvidia/ai-dynamo/sglang-runtime:1.6.1')?.file).toBe(
      '/lustre/images/nvcr.io+nvidia+ai-dynamo+sglang-runtime+1.6.1-x86_64-5dee0020.sqsh',
    );
  });

  test('is one for all spellings of a reference', () => {
    const files = ['nvcr.io#a/b:1', 'nvcr.io/a/b:1', 'docker://nvcr.io#a/b:1'].map(
      (image) => cached(image)?.file,
    );
    expect(new Set(files).size).toBe(1);
  });

  test('differs where the readable part does not, and by architecture', () => {
    const files = [
      cached('nvcr.io#a/b:1'),
      cached('nvcr.io#a+b:1'),
      cached('me@nvcr.io#a/b:1'),
      cached('nvcr.io#a/b:1', {}, 'gb200'),
      cached('nvcr.io#a/b:1', {}, 'mi300x'),
    ].map((image) => image?.file);
    expect(new Set(files).size).toBe(5);
    expect(files[3]).toContain('-aarch64-');
    expect(files[4]).toContain('-any-');
  });

  test.each(['../../etc/x:1', '-x/$(id):`a`', `nvcr.io#${'long/'.repeat(80)}x:1`, 'über/漢 字:1'])(
    'is one safe name: %s',
    (image) => {
      const file = cached(`nvcr.io#${image}`)?.file ?? '';
      expect(file).toMatch(/^\/lustre\/images\/[A-Za-z0-9+][A-Za-z0-9._+-]{0,199}\.sqsh$/);
    },
  );

  test('a slash at the end of the folder changes nothing', () => {
    expect(cached('a/b:1', { image_cache: '/lustre/images/' })).toEqual(cached('a/b:1'));
  });
});

test.each([
  ['there is no cache', 'nvcr.io#a/b:1', { image_cache: undefined }],
  ['the image is a file', '/lustre/images/x.sqsh', {}],
  ['the image is a file of the run', './x.sqsh', {}],
  ['the image is of a daemon', 'dockerd://x:1', {}],
  ['nothing runs containers', 'nvcr.io#a/b:1', { container_runtime: 'none' }],
])('nothing is cached where %s', (_, image, cluster) => {
  expect(cached(image, cluster)).toBeUndefined();
});

test('one step imports it before all others, which then take the file', () => {
  const job = sampleJob(
    { prefill: {}, decode: {}, container: { image: 'nvcr.io#a/b:1' }, observe: { metrics: 'none' } },
    { image_cache: '/lustre/images' },
  );
  const plan = planOf(job);
  const [image, ...others] = plan.steps;
  const file = cachedImage(job)?.file ?? '';
  expect(image).toMatchObject({ name: 'image', kind: 'image', nodes: [0], contained: false, ports: [] });
  expect(image?.argv.map(argText)).toEqual([
    'bash',
    '${RUN_DIR}/runtime/image.sh',
    'docker://nvcr.io#a/b:1',
    file,
  ]);
  const images = [image, ...others.filter(({ kind }) => kind !== 'cleanup')].map((step) =>
    step ? step.srun.filter((word) => argText(word).startsWith('--container-image=')) : [],
  );
  expect(images).toEqual([[], ...others.slice(1).map(() => [`--container-image=${file}`])]);
  expect(plan.nodes[0]).toMatchObject({
    roles: ['head', 'frontend', 'prefill'],
    steps: ['image', 'container', 'cleanup', 'etcd', 'nats', 'frontend-0', 'prefill-0'],
  });
  expect(plan.preflight).toContainEqual({
    nodes: [0, 1],
    words: ['readable', 'the image cache', '/lustre/images'],
  });
});
