import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { EngineLine } from '../../../src/engines/dialect.ts';
import { packageRoot } from '../../world.ts';
import { sglangLine } from './sglang-line.ts';

const recorded = join(packageRoot, 'test/recorded/sglang');

describe('recorded logs, to exact numbers', () => {
  test.each(['0.4.9.post6.log', '0.5.4.post1.log', '0.5.9.log', '0.5.23.log'])('SGLang %s', async (file) => {
    await expect(await parsed(file)).toMatchFileSnapshot(join(recorded, file.replace('.log', '.parsed.txt')));
  });

  test.each(['dynamo-1.6.1.log', 'dynamo-1.6.1.jsonl'])(
    'the same of 0.5.9 as Dynamo writes it, %s, but for ranks, times and bars',
    async (file) => {
      const bare = (text: string) =>
        text
          .split('\n')
          .filter((line) => !/^stage .* \d+\/\d+$/.test(line))
          .map((line) => line.replace(/ \d{4}-\S+Z/, '').replace(/ (?:dp|tp|ep|pp)\d+/g, ''));
      expect(bare(await parsed(file))).toEqual(bare(await parsed('0.5.9.log')));
    },
  );
});

async function parsed(file: string): Promise<string> {
  const text = await readFile(join(recorded, file), 'utf8');
  return text
    .split(/[\r\n]/)
    .flatMap((line) => sglangLine(line) ?? [])
    .map(asText)
    .join('\n')
    .concat('\n');
}

/** `prefill 2025-12-10T13:50:29.000Z dp0 tp0 newTokens=8192 …` */
function asText(line: EngineLine): string {
  const { kind, time, ranks, zoned: _, ...rest } = line;
  const said = Object.entries(rest).filter(([, value]) => value !== undefined);
  const text = 'stage' in line ? stageText(line) : said.map(([name, value]) => `${name}=${value}`).join(' ');
  return [
    kind,
    ...(time === undefined ? [] : [new Date(time).toISOString()]),
    ...Object.entries(ranks).flatMap(([name, rank]) => (rank === undefined ? [] : [`${name}${rank}`])),
    text,
  ].join(' ');
}

function stageText({ stage, state, done, total }: Extract<EngineLine, { kind: 'stage' }>): string {
  return [stage, state, ...(done === undefined ? [] : [`${done}/${total}`])].join(' ');
}

test('keys that are not known, and values that are no numbers, do no harm', () => {
  const line =
    '[2026-07-21 08:04:41 TP0 EP0] Prefill batch, #new-seq: 1, #new-token: 64, #mystery: 7, a: b: c, #cached-token: 10048, token usage: nan, , :, #running-req: 0, #queue-req: -1, cuda graph: False, input throughput (token/s): 178.18, est. prefill TFLOPS/s (per GPU): 9.90, fwd occupancy: nan%';
  expect(sglangLine(line)).toEqual({
    kind: 'prefill',
    time: Date.UTC(2026, 6, 21, 8, 4, 41),
    ranks: { tp: 0, ep: 0 },
    newSequences: 1,
    newTokens: 64,
    cachedTokens: 10048,
    running: 0,
    queued: -1,
    cudaGraph: false,
  });
});

test.each([
  [
    'an unknown zone',
    '2025-12-10T14:50:14.788089+01:00  INFO m.f: ',
    Date.UTC(2025, 11, 10, 13, 50, 14, 788),
  ],
  ['a leap day', '[2024-02-29 23:59:59] ', Date.UTC(2024, 1, 29, 23, 59, 59)],
  ['the first of March', '[2100-03-01 00:00:00] ', Date.UTC(2100, 2, 1)],
  ["srun's label", '12: [2025-01-01 00:00:01 DP3] ', Date.UTC(2025, 0, 1, 0, 0, 1)],
  ['no stamp', '', undefined],
])('a stamp: %s', (_, stamp, time) => {
  const line = sglangLine(`${stamp}Decode batch, #running-req: 1`);
  expect(line).toMatchObject({ running: 1 });
  expect(line?.time).toBe(time);
});

test.each([
  '',
  'Decode batch',
  'Prefill batch size must be positive',
  'we talk of Decode batch, and of nothing else: really',
  '\u0000\u0001\ufffd',
  'Capture the flag begin. ',
])('%j says nothing', (line) => {
  expect(sglangLine(line)).toBeUndefined();
});
