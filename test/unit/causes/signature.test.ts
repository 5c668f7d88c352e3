import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SIGNATURE_WORDS, SIGNATURES, signatureOf } from '../../../src/causes/signature.ts';
import { adviceOn } from '../../../src/observe/advice.ts';
import { packageRoot } from '../../world.ts';

describe('each sample is known by its own signature', () => {
  test.each(
    SIGNATURES.flatMap(({ name, weight, samples }) =>
      samples.map((sample) => [name, sample, weight] as const),
    ),
  )('%s: %s', (name, sample, weight) => {
    expect(signatureOf(sample)?.name).toBe(name);
    expect(SIGNATURE_WORDS.some((word) => sample.includes(word)) || weight === 'broad').toBe(true);
  });
});

test('each signature says what to do, and where it is from', () => {
  for (const { title, advice, link, source, samples, says } of SIGNATURES) {
    expect({ title, advice, samples: samples.length > 0 }).toEqual({
      title: expect.stringMatching(/^\S.*[^.]$/),
      advice: expect.stringMatching(/^\S.*[^.]$/),
      samples: true,
    });
    expect([link, source]).toEqual([expect.stringMatching(/^https:/), expect.stringMatching(/^https:/)]);
    for (const pattern of says) expect(pattern.replaceAll('*', '').length).toBeGreaterThan(6);
  }
  expect(new Set(SIGNATURES.map(({ name }) => name)).size).toBe(SIGNATURES.length);
});

test('logs of a healthy start and of batches have none', async () => {
  const folder = join(packageRoot, 'test/recorded/sglang');
  for (const file of (await readdir(folder)).filter((name) => /\.(log|jsonl)$/.test(name))) {
    const lines = (await readFile(join(folder, file), 'utf8')).split(/[\r\n]/);
    expect(lines.filter(signatureOf)).toEqual([]);
  }
});

test('a request that its client gave up is no failed transfer', () => {
  expect(
    signatureOf('with exception KVTransferError(bootstrap_room=7561186998443553199): Aborted by AbortReq.'),
  ).toBeUndefined();
});

test.each([
  '2026-04-21 04:13:42 [ERROR] worker: the request was refused',
  'ERROR: 2 prefill workers are still not ready',
  'OSError: cannot use /tmp/enroot-data/user-1/pyxis_7.1/models',
  '[2026-04-21 04:13:30] FlashMLA only supports a page_size of 64, page_size changed from 1 to 64.',
  '    raise RuntimeError("Mooncake memory registration failed.")',
  "AttributeError: 'NoneType' object has no attribute 'tolist'",
])('what only looks like the words of a failure is none: %s', (line) => {
  expect(signatureOf(line)).toBeUndefined();
});

test('a fault of a GPU names it, and the node to keep off', () => {
  const line =
    'NVRM: Xid (PCI:0018:01:00): 145, RLW_RXPIPE Nonfatal, serial number: 1652923012345, GPU-03460ed0-0b72-7fcc-9e49-a215c3e33c58';
  const signature = signatureOf(line);
  expect(signature && adviceOn(signature, line, 'gb200-07')).toBe(
    'GPU 0018:01:00, Xid 145, serial number 1652923012345: keep the job off the node and tell the administrators (slurm.directives: {exclude: gb200-07})',
  );
});

test('matching takes linear time', () => {
  const line = 'assert '.repeat(100_000);
  expect(signatureOf(line)).toBeUndefined();
});
