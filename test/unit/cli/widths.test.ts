import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { wrappingSink } from '../../../src/cli/sink.ts';
import { liveText } from '../../../src/cli/views/live/live-text.ts';
import { runTable } from '../../../src/cli/views/live/run-table.ts';
import { showLive } from '../../../src/cli/views/live/show-live.ts';
import { screenOf } from '../../../src/cli/views/screen.ts';
import { table } from '../../../src/cli/views/table.ts';
import { wrapped } from '../../../src/cli/wrap.ts';
import { widthOf } from '../../../src/config/text/text-width.ts';
import { parseEventLine } from '../../../src/run/events.ts';
import { parsePlan } from '../../../src/run/plan-file.ts';
import { addRun, packageRoot, recordedEvents, site } from './run-folder.ts';
import { after, service } from './watch/live/serving.ts';

// Whatever is shown fits the terminal, at any width: no line is wider, and no word, path or URL is cut.

const WIDTHS = [40, 80, 100, 200];
const STYLES = /\u001b\[[\d;]*m/g;
const wordsOf = (text: string): readonly string[] => text.replace(STYLES, '').match(/\S+/g) ?? [];

/** What is wrong with a text at a width, given what it is without a limit. */
function faults(text: string, width: number, whole: string): readonly string[] {
  const known = new Set([...wordsOf(whole), '…', '\\']);
  const lines = text.replace(STYLES, '').split('\n');
  const wide = lines.filter((line) => {
    // A path or command line that has no blank may be wider; it is then the last in its line.
    const last = wordsOf(line).at(-1) ?? '';
    return widthOf(line) > width && widthOf(last) < width / 2;
  });
  // A code frame shows a stretch of a line.
  const read = lines.filter((line) => !/^ *\d* \|/.test(line)).join('\n');
  const cut = wordsOf(read).filter((word) => !known.has(word) && !known.has(word.replace(/[,;:]$/, '')));
  const trailing = lines.filter((line) => line !== line.trimEnd());
  return [...wide.map((line) => `wide: ${line}`), ...cut.map((word) => `cut: ${word}`), ...trailing];
}

const CONFIG = `name: wide
topology: docs-dsr1-wideep-h100
model: {path: /models/DeepSeek-R1}
slurm: {account: my-account, partition: batch, time: 4h}
bench: {type: aiperf, isl: 1024, osl: 128, concurrencies: [16, 64]}
`;
const BROKEN = CONFIG.replace('account:', 'acount:').replace(
  'time: 4h}',
  `time: 4h, directives: {comment: "${'a word and '.repeat(20)}"}, tme: 1}`,
);

/** A world with runs in every state, and configs; what a command line prints there. */
async function printed(argv: readonly string[], width: number): Promise<string> {
  const place = await site();
  const { root, world } = place;
  await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'served', until: 'ready' });
  const bad = await addRun(root, { id: 'r2-0a1b2c', jobId: '4243', events: 'failed-at-start' });
  await addRun(root, { id: 'a-run-with-a-rather-long-name-3fa29c', jobId: '4244', events: 'deadline' });
  for (const [id, job] of [
    ['r4-0a1b2c', '4245'],
    ['r5-0a1b2c', '4246'],
  ] as const) {
    const dir = await addRun(root, { id, jobId: job, events: 'served', cluster: 'local' });
    await measure(dir);
  }
  await writeFile(join(world.home, 'job.yaml'), CONFIG);
  await writeFile(join(world.home, 'broken.yaml'), BROKEN);
  let text = '';
  const out = {
    write: (part: string) => {
      text += part;
    },
  };
  const stream = { isTTY: Number.isFinite(width), columns: width, write: out.write };
  const err = wrappingSink(stream as unknown as typeof process.stderr);
  const page = { width, color: true };
  const columns = Number.isFinite(width) ? width : 1000;
  await run(argv, '0', {
    ...world,
    out,
    err,
    columns,
    page,
    isTTY: false,
    color: true,
    randomHex: () => '3fa29c',
  }).catch((error: Error & { hint?: string }) => err.write(`${error.message}\n  hint: ${error.hint}\n`));
  return text
    .replaceAll(bad, '/home/somebody/dyn-slurm-runs/r2-0a1b2c')
    .replaceAll(world.home, '/home/somebody');
}

const wholes = new Map<string, Promise<string>>();

/** Without a limit; the same for all widths. */
function printedWhole(line: string): Promise<string> {
  const known = wholes.get(line) ?? printed(line.split(' '), Number.POSITIVE_INFINITY);
  wholes.set(line, known);
  return known;
}

async function measure(dir: string): Promise<void> {
  const bench = { version: 1, name: 'bench', type: 'custom', points: [], requestRate: 'inf' };
  const rest = { lengthTolerance: 1, maxErrorRate: 1, service: { model: 'm', dynamo: '1.6.1' } };
  await writeFile(join(dir, 'bench.json'), JSON.stringify({ ...bench, ...rest }));
  await mkdir(join(dir, 'results/c8'), { recursive: true });
  const name = 'profile_export_aiperf.json';
  await copyFile(join(packageRoot, 'test/recorded/bench/aiperf-0.13.0', name), join(dir, 'results/c8', name));
}

const VIEWS = [
  'topologies',
  'explain',
  'explain slurm',
  'explain health',
  'explain decode.args',
  'check job.yaml',
  'check job.yaml --provenance',
  'check broken.yaml',
  'plan job.yaml',
  'submit job.yaml --dry-run',
  'status',
  'status r1',
  'status r2',
  'status a-run',
  'status r4',
  'bench r4 --show',
  'compare r4 r5',
  'logs nothing-of-that-name',
  '--help',
  ...[
    'check',
    'submit',
    'rehearse',
    'watch',
    'logs',
    'bench',
    'profile',
    'allocate',
    'restart',
    'export',
  ].map((command) => `${command} --help`),
];

describe.each(WIDTHS)('at %i columns', (width) => {
  test.each(VIEWS)('%s', async (line) => {
    const argv = line.split(' ');
    const text = await printed(argv, width);
    const whole = await printedWhole(line);
    expect(text).not.toBe('');
    expect(faults(text, width, whole)).toEqual([]);
  });

  test('the live view of a service, busy or in trouble', () => {
    const lost = after(service(2, 3), [
      {
        time: '2025-11-24T14:03:01.000Z',
        kind: 'worker-restarting',
        reason: 'decode-1 on node2 was killed by SIGKILL',
        step: 'decode-1',
        role: 'decode',
        restart: 1,
        of: 3,
        delay: 10,
      },
    ]);
    for (const state of [service(2, 3), lost]) {
      const now = Date.parse('2025-11-24T14:03:04.000Z');
      const view = (columns: number) =>
        liveText('dsr1-3fa29c', state, now, { columns, rows: 60, color: true }).join('\n');
      expect(
        faults(view(width), width, view(1000)).filter((fault) => !/[▁-█]|^cut: \d+$/.test(fault)),
      ).toEqual([]);
      expect(view(width)).toContain('http://10.0.0.1:8000');
      const rows = [{ id: 'dsr1-3fa29c', live: state }];
      const several = (columns: number) => runTable(rows, now, { columns, rows: 60, color: true }).join('\n');
      expect(faults(several(width), width, several(1000))).toEqual([]);
    }
  });

  test.each(['served', 'failed-at-start', 'deadline'])('the lines of a watch: %s', async (name) => {
    const events = (await recordedEvents(name)).map(parseEventLine);
    const outline = parsePlan('{"processes":[]}');
    const shown = async (columns: number) => {
      let text = '';
      const { world } = await site();
      const out = {
        write: (part: string) => {
          text += part;
        },
      };
      const screen = { ...screenOf({ ...world, out }), size: () => ({ columns, rows: 0 }) };
      const before = { ...screen, renderer: 'lines' as const };
      // Without the live view, which redraws itself.
      const start = events.slice(0, events.findIndex(({ kind }) => kind === 'ready') >>> 0);
      await showLive(
        'r1',
        (async function* () {
          yield* start;
        })(),
        { outline },
        before,
      );
      return text;
    };
    expect(faults(await shown(width), width, await shown(1000))).toEqual([]);
  });
});

test('wide characters count as two', () => {
  const rows = [
    ['漢字漢字', 'a 漢字 word'],
    ['b', 'more words here'],
  ];
  expect(table(['name', 'text'], rows)).toBe(
    'name      text\n漢字漢字  a 漢字 word\nb         more words here\n',
  );
  expect(table(['name', 'text'], rows, { width: 16 })).toBe(
    'name      text\n漢字漢字  a 漢字\n          word\nb         more\n          words\n          here\n',
  );
});

test('a table that is too wide for columns is a block a row', () => {
  const header = ['run', 'state', 'address'];
  const rows = [
    ['a-long-name', 'ready', 'http://10.0.0.1:8000'],
    ['b', '', 'http://10.0.0.2:8000'],
  ];
  expect(table(header, rows, { width: 30 })).toBe(`\
run      a-long-name
state    ready
address  http://10.0.0.1:8000

run      b
address  http://10.0.0.2:8000
`);
});

test('columns that can be done without go first', () => {
  const rows = [['a', 'some words', 'more words']];
  expect(table(['x', 'y', 'z'], rows, { width: 16, expendable: ['z'] })).toBe('x  y\na  some words\n');
});

test('a sentence goes on below its text, and a quoted command stays in one piece', () => {
  expect(wrapped('  next     see `dyn-slurm logs r1 job` and what the node says', 44)).toBe(
    '  next     see `dyn-slurm logs r1 job` and\n           what the node says',
  );
});
