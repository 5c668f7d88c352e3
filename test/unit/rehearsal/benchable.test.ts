import { expect, test } from 'vitest';
import { benchable } from '../../../src/rehearsal/rehearsable.ts';

const bench = (more: object) => benchable(more as Parameters<typeof benchable>[0], '/', '/usr/bin:/bin');

test.each([
  undefined,
  { type: 'builtin' },
  { type: 'aiperf', program: 'true' },
  { type: 'aiperf', program: '/bin/sh -c x' },
  { type: 'sglang', program: '/usr/bin/env python3 -m sglang.bench_serving' },
])('%j can run here', (config) => {
  expect(bench(config as object)).toBeUndefined();
});

test.each([
  [{ type: 'aiperf' }, 'there is no aiperf on this machine'],
  [{ type: 'vllm', program: '/usr/bin' }, 'there is no /usr/bin on this machine'],
  [{ type: 'vllm', program: '/etc/passwd' }, 'there is no /etc/passwd on this machine'],
  [{ type: 'sglang' }, 'the Python of a rehearsal has no sglang.bench_serving'],
])('%j: %s', (config, message) => {
  expect(bench(config)).toMatchObject({ severity: 'error', path: ['bench', 'type'], message });
});
