import { expect, test } from 'vitest';
import { RecordedScrapes } from '../../../../src/observe/service/recorded.ts';

const TEXT = `srun: a word of its own
# scrape 1700000000000 frontend-0
dynamo_frontend_requests_total{status="success"} 3
dynamo_frontend_unknown 1
# scrape 1700000000000 decode-0
sglang:num_running_reqs 2
# scrape 1700000005000 frontend-0
dynamo_frontend_requests_total{status="success"} 5
`;

const requests = (value: number) => ({
  name: 'dynamo_frontend_requests_total',
  labels: { status: 'success' },
  value,
});
const FIRST = {
  time: 1_700_000_000_000,
  targets: new Map([
    ['frontend-0', [requests(3)]],
    ['decode-0', [{ name: 'sglang:num_running_reqs', labels: {}, value: 2 }]],
  ]),
};
const SECOND = { time: 1_700_000_005_000, targets: new Map([['frontend-0', [requests(5)]]]) };

test('the steps of one look belong together', () => {
  expect(scrapesOf(TEXT)).toEqual([FIRST, SECOND]);
});

test.each([1, 7, 64])('a recording is read as it grows, %i characters at a time', (size) => {
  const reader = new RecordedScrapes();
  const scrapes = [];
  for (let at = 0; at < TEXT.length; at += size) scrapes.push(...reader.push(TEXT.slice(at, at + size)));
  expect(scrapes).toEqual([FIRST]);
  expect([...scrapes, ...reader.end()]).toEqual([FIRST, SECOND]);
});

test('a line that is cut off is no sample', () => {
  expect(scrapesOf(TEXT.slice(0, -2))).toEqual([
    FIRST,
    { ...SECOND, targets: new Map([['frontend-0', []]]) },
  ]);
});

test('looks that are too close are passed over', () => {
  const text = [0, 4, 5, 9, 11]
    .map(
      (second) =>
        `# scrape ${1_700_000_000_000 + second * 1000} decode-0\nsglang:num_running_reqs ${second}\n`,
    )
    .join('');
  const seconds = (apart: number) => {
    const reader = new RecordedScrapes(apart);
    return [...reader.push(text), ...reader.end()].map(({ time }) => time / 1000 - 1_700_000_000);
  };
  expect([seconds(0), seconds(5000), seconds(1e9)]).toEqual([[0, 4, 5, 9, 11], [0, 5, 11], [0]]);
});

test('an empty recording, or none at all', () => {
  expect([scrapesOf(''), scrapesOf('bash: metrics.sh: No such file\n')]).toEqual([[], []]);
});

function scrapesOf(text: string) {
  const reader = new RecordedScrapes();
  return [...reader.push(text), ...reader.end()];
}
