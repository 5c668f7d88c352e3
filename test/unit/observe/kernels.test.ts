import { expect, test } from 'vitest';
import type { EngineLine } from '../../../src/engines/dialect.ts';
import { readEngineLine } from '../../../src/engines/dialects.ts';
import { LogScanner } from '../../../src/observe/log-scanner.ts';
import { StartStages } from '../../../src/observe/start-stages.ts';

const LOG = `dyn-slurm: 2026-11-29T10:00:00+0000 kernels cold: /runs/.kernels/sglang-0.5.21/h200/host
[2026-11-29 10:00:10] Load weight begin. avail mem=138.45 GB
[2026-11-29 10:00:20] Capture target decode CUDA graph begin. backend=full, num tokens=[1]
`;

test('a line of the step tells what the start has found', () => {
  expect(readEngineLine(LOG.split('\n')[0] ?? '')).toEqual({
    kind: 'kernels',
    kernels: 'cold',
    zoned: true,
    time: Date.UTC(2026, 10, 29, 10),
    ranks: {},
  });
  expect(readEngineLine('kernels cold: nothing of ours')).toBeUndefined();
});

test('stages that compile say it, and those that do not are as before', () => {
  const lines: EngineLine[] = [];
  const scanner = new LogScanner({ engine: (line) => lines.push(line), signature: () => {} });
  scanner.push(Buffer.from(LOG));
  const stages = new StartStages();
  const news = lines.map((line) => {
    if (line.kind === 'kernels') stages.find(line.kernels);
    else if (line.kind === 'stage') stages.hear(line, line.time ?? 0);
    return stages.news(line.time ?? 0);
  });
  expect(news).toEqual([
    undefined,
    { stage: 'weights', state: 'going', seconds: 0 },
    { stage: 'cuda-graphs', state: 'going', seconds: 0, kernels: 'cold' },
  ]);
});
