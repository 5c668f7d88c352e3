import { expect, test } from 'vitest';
import { benchObstacle } from '../../../src/rehearsal/rehearsable.ts';

const obstacle = (more: object) =>
  benchObstacle(more as Parameters<typeof benchObstacle>[0], '/', '/usr/bin:/bin');

test.each([
  undefined,
  { type: 'builtin' },
  { type: 'aiperf', program: 'true' },
  { type: 'aiperf', program: '/bin/sh -c x' },
  { type: 'sglang', program: '/usr/bin/env python3 -m sglang.bench_serving' },
  { type: 'custom', command: 'curl http://x/y' },
  { type: 'custom', command: 'A=1 bash /etc/profile --fast' },
  { type: 'custom', command: 'for n in 1 2; do /no/such $n; done' },
])('%j can run here', (config) => {
  expect(obstacle(config as object)).toBeUndefined();
});

test.each([
  [{ type: 'aiperf' }, 'there is no aiperf on this machine'],
  [{ type: 'vllm', program: '/usr' }, 'there is no /usr on this machine'],
  [{ type: 'vllm', program: '/etc/passwd' }, 'there is no /etc/passwd on this machine'],
  [{ type: 'sglang' }, 'the Python of a rehearsal has no sglang.bench_serving'],
  [{ type: 'custom', command: 'bash -x /no/such.sh 1' }, 'there is no /no/such.sh on this machine'],
  [{ type: 'custom', command: 'A=1 ./no-such.py' }, 'there is no ./no-such.py on this machine'],
  [{ type: 'custom', command: 'ls', image: 'tools:1' }, 'its command is for the image tools:1'],
])('%j: %s', (config, message) => {
  expect(obstacle(config)).toBe(message);
});
