import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Screen, screenOf, showEvents } from '../../../../src/cli/views/screen.ts';
import type { ObservedEvent } from '../../../../src/run/events.ts';
import { parseEventLine } from '../../../../src/run/events.ts';
import { parsePlan } from '../../../../src/run/plan-file.ts';
import { NOW, packageRoot, recordedEvents, site } from '../run-folder.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const submitted = '2025-11-24T05:42:50.000Z';

/** What the terminal shows in the end. */
async function picture(events: readonly ObservedEvent[], columns = 80): Promise<string> {
  const parts: string[] = [];
  const out = { write: (text: string) => void parts.push(text) };
  const screen: Screen = { renderer: 'steps', out, columns, rows: 40, now: () => NOW };
  const outline = parsePlan(await readFile(join(packageRoot, 'test/fixtures/runs/plan.json'), 'utf8'));
  async function* source() {
    yield* events;
  }
  await showEvents(source(), { outline, submitted }, screen);
  // The list is erased line by line before it is drawn for the last time.
  const last = parts.join('').split('\u001b[G').at(-1) ?? '';
  return stripVTControlCharacters(last);
}

const recorded = async (name: string, count?: number) =>
  (await recordedEvents(name)).slice(0, count).map(parseEventLine);

describe('the step list', () => {
  test('of a run that was served and cancelled', async () => {
    expect(await picture(await recorded('served'))).toBe(
      `\
✔ queue  job 4242  10 s
✔ nodes  3, head node1  0.3 s
✔ infrastructure
  ✔ etcd  0.4 s
  ✔ NATS  0.6 s
✔ frontends and workers
  ✔ frontend-0  2.5 s
  ✔ prefill workers  1/1  4.2 s
  ✔ decode workers  1/1  5.0 s
✔ ready  http://127.77.0.11:8000, deepseek-ai/DeepSeek-R1  2.3 s
✔ serving  http://127.77.0.11:8000  1 min 4 s
✔ teardown  cancelled  1.5 s
`,
    );
  });

  test('of a run that Slurm starts again is drawn anew', async () => {
    const requeued = {
      time: '2025-11-24T05:44:00.000Z',
      kind: 'requeued',
      reason: 'preempted',
      seconds: 60,
    } as const;
    const [first = [], second = []] = [await recorded('served', 12), await recorded('served')];
    expect(await picture([...first, requeued, ...second])).toBe(await picture(second));
    // What Slurm says before the next attempt begins draws nothing of the one before.
    const queue = {
      time: '2025-11-24T05:44:01.000Z',
      kind: 'queue',
      job: '4242',
      state: 'PENDING',
      phase: 'pending',
      reason: 'BeginTime',
      nodes: 3,
      nodeList: '',
    } as const;
    expect(await picture([...second.slice(0, -2), requeued, queue])).toBe(await picture([queue]));
    expect(await picture([...second.slice(0, -2), requeued, queue, ...second])).toBe(await picture(second));
  });

  test('of workers that start: what the one furthest behind does', async () => {
    const loading = {
      time: '2025-11-24T05:43:05.500Z',
      kind: 'stage',
      step: 'decode-0',
      role: 'decode',
      stage: 'weights',
      state: 'going',
      total: 61,
      seconds: 4,
    } as const;
    const behind = [
      { ...loading, node: 'node2', done: 30 },
      { ...loading, node: 'node3', done: 12 },
    ] as const;
    const shown = await picture([...(await recorded('served', 13)), ...behind]);
    expect(shown.split('\n').filter((line) => line.includes(' workers  '))).toEqual([
      '  ✔ prefill workers  1/1  4.2 s',
      '  ↓ decode workers  0/1, weights 12/61 on decode-0  1 min 59 s',
    ]);
  });

  test('of a worker that failed: the others were only stopped', async () => {
    expect(await picture(await recorded('failed-at-start'))).toBe(
      `\
✔ queue  job 4242  10 s
✔ nodes  3, head node1  0.3 s
✔ infrastructure
  ✔ etcd  0.4 s
  ✔ NATS  0.6 s
⚠ frontends and workers
  ✔ frontend-0  2.5 s
  ↓ prefill workers  0/1  4.0 s
  ✖ decode workers  0/1  4.0 s
↓ ready
↓ serving
✔ teardown  decode-0 on node3 exited with code 1  1.1 s
`,
    );
  });

  test('of a service whose etcd was killed', async () => {
    expect(
      (await picture(await recorded('failed-serving'))).split('\n').filter((line) => !line.includes('✔')),
    ).toEqual(['⚠ infrastructure', '  ✖ etcd  0.4 s', '✖ serving  http://127.77.0.11:8000  22 s', '']);
  });

  test('of a deadline, where nobody is to blame', async () => {
    expect(
      (await picture(await recorded('deadline'))).split('\n').filter((line) => !line.includes('✔')),
    ).toEqual(['⚠ frontends and workers', '  ✖ decode workers  0/1  1 min 3 s', '↓ ready', '↓ serving', '']);
  });

  test('of a watcher who left', async () => {
    expect((await picture(await recorded('served', 10))).split('\n').slice(5)).toEqual([
      '⚠ frontends and workers',
      '  ✔ frontend-0  2.5 s',
      '  ↓ prefill workers  0/1  1 min 59 s',
      '  ↓ decode workers  0/1  1 min 59 s',
      '↓ ready',
      '↓ serving',
      '↓ teardown',
      '',
    ]);
  });

  test('of a job that waits', async () => {
    const waits: ObservedEvent = {
      time: '2025-11-24T05:42:51.000Z',
      kind: 'queue',
      job: '4242',
      state: 'PENDING',
      phase: 'pending',
      reason: 'Resources',
      explanation: 'first in line, until enough nodes are free',
      nodes: 3,
      nodeList: '',
    };
    expect((await picture([waits])).split('\n')[0]).toBe(
      '↓ queue  job 4242: PENDING, first in line, until enough nodes …  2 min 10 s',
    );
  });

  test('fits a narrow terminal', async () => {
    const lines = (await picture(await recorded('served'), 40)).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
  });
});

test('what a process says cannot move the cursor', async () => {
  const sly: ObservedEvent = {
    time: submitted,
    kind: 'waiting',
    reason: 'loading\u001b]52;c;eA==\u0007 \u001b[2Jweights\u202e',
  };
  const parts: string[] = [];
  const out = { write: (text: string) => void parts.push(text) };
  async function* source() {
    yield sly;
  }
  await showEvents(source(), { outline: undefined }, { renderer: 'lines', out, columns: 80, now: () => NOW });
  expect(parts.join('')).toBe('05:42:50  waiting: loading weights·\n');
});

test.each([
  ['a terminal', { isTTY: true, color: true }, false, 'steps'],
  ['a pipe', { isTTY: false, color: false }, false, 'lines'],
  ['NO_COLOR', { isTTY: true, color: false }, false, 'lines'],
  ['--json', { isTTY: true, color: true }, true, 'json'],
])('%s', async (_, given, json, renderer) => {
  const { world } = await site();
  expect(screenOf({ ...world, ...given }, json).renderer).toBe(renderer);
});
