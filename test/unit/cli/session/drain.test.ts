import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { drain } from '../../../../src/cli/commands/session/release.ts';
import { addRun, site } from '../run-folder.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const RUN = 'r1-0a1b2c';
const squeue = { stdout: `4242|RUNNING|3|1763962970|1763962980|node[1-3]|dyn-slurm:${RUN}|None\n` };

interface Ending {
  readonly outcome: string;
  readonly reason: string;
}

/** A job whose supervisor takes the command, and ends as it is told here. */
async function drained(until: 'job-started' | 'ready', { outcome, reason }: Ending) {
  const place = await site({ squeue });
  const dir = await addRun(place.root, { id: RUN, jobId: '4242', events: 'served', until });
  await mkdir(join(dir, 'runtime/lib'), { recursive: true });
  await mkdir(join(dir, 'commands'));
  await writeFile(join(dir, 'runtime/lib/commands.sh'), '');
  const supervised = async () => {
    let file: string | undefined;
    while (file === undefined) {
      file = (await readdir(join(dir, 'commands'))).find((name) => name.endsWith('.command'));
      await pause(5);
    }
    const command = file.replace(/\.command$/, '');
    const events = [
      { kind: 'command', command, verb: 'drain', steps: [], from: 'ada@login1, process 7' },
      {
        kind: 'answer',
        command,
        outcome: 'done',
        reason: 'requests under way are answered, and the job ends',
      },
      { kind: 'draining', reason: 'drained by ada@login1, process 7' },
      { kind: 'teardown', outcome, reason },
      { kind: 'verdict', outcome, reason, seconds: 73, attempt: 0 },
    ];
    const time = '2025-11-24T05:44:13.000Z';
    const lines = events.map((event) => `${JSON.stringify({ time, ...event })}\n`);
    await appendFile(join(dir, 'events.jsonl'), lines.join(''));
  };
  const [code] = await Promise.all([drain(RUN, {}, place.world), supervised()]);
  return { code, out: place.out() };
}

const DRAINED = { outcome: 'succeeded', reason: 'drained by ada@login1, process 7' };
const LIMIT = { outcome: 'timeout', reason: 'served until the time limit' };
const EARLY = { outcome: 'timeout', reason: 'the time limit came before the service was ready' };
const ended = { out: `${RUN} has ended after 1 min 13 s; job 4242 ends with it\n` };

test('a drain exits as its run does, also where the time limit comes first', async () => {
  expect(await drained('ready', DRAINED)).toEqual({ code: 0, ...ended });
  expect(await drained('ready', LIMIT)).toEqual({ code: 0, ...ended });
  expect(await drained('job-started', EARLY)).toEqual({ code: 8, ...ended });
});
