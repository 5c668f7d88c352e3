import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hangSigns } from '../../../src/plan/hang.ts';
import { quoteCommand } from '../../../src/render/shell.ts';
import { packageRoot } from '../../world.ts';
import { sampleJob } from '../plan/sample-job.ts';
import { RunFolder } from './run-folder.ts';

/** SGLang 0.5.21 on an H200, whose scheduler got SIGSTOP with eight requests in flight. */
const recorded = join(packageRoot, 'test/recorded/h200/scheduler-stopped');
const read = (file: string) => readFileSync(join(recorded, file), 'utf8');
const HUNG = read('events.jsonl')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line))
  .find(({ kind }) => kind === 'hung');

/** The worker's pages of metrics, by the second at which they were read. */
const PAGES = read('logs/metrics.node0.prom')
  .split(/^# scrape /m)
  .slice(1)
  .map((scrape) => ({
    time: Math.floor(Number.parseInt(scrape, 10) / 1000),
    page: scrape.slice(scrape.indexOf('\n') + 1),
  }));

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

/** What the supervisor tells of the worker when it sees those pages, and its processes as they were. */
async function watched(pages: typeof PAGES): Promise<readonly Record<string, unknown>[]> {
  const signs = hangSigns(sampleJob({ aggregated: {}, health: { hang: '15s' } }));
  if (signs === undefined) throw new Error('nothing is watched');
  const { seconds, work, inFlight, lines } = signs;
  for (const [index, { page }] of pages.entries()) run.file(`page.${index}`, page);
  run.file('stacks', read('logs/aggregated-0.stacks'));
  run.program('srun', 'cat "$RUN_DIR"/stacks');
  const first = pages[0]?.time ?? 0;
  const looks = pages.map(({ time }, index) => `at ${10 + time - first} ${index}`).join('; ');
  const { code, err } = await run.bash(`
unset SECONDS; SECONDS=0; : >"$RUN_DIR/events.jsonl"
trap 'exit' EXIT
has() { [[ $1 != servers ]]; }
http() {
  [[ $2$3 == frontend*/health ]] && { echo ok; return; }
  [[ $3 == /metrics ]] && cat "$RUN_DIR/page.$PAGE"
}
at() {
  SECONDS=$1 PAGE=$2 LOOK_AT[hangs]=0
  watch_hangs; wait "\${LOOK[hangs]}"; while [[ -n \${LOOK[hangs]} ]]; do watch_hangs; done
  [[ -z \${SUSPECT[aggregated-0]:-} ]] && return
  watch_hangs; while [[ -n \${LOOK[stacks.aggregated-0]:-} ]]; do watch_hangs; done
}
FRONTENDS=(frontend:1) STEPS=(aggregated-0) ROLES=(aggregated) ENDPOINT[aggregated]=generate WANTED[aggregated]=1
STEP_KIND[aggregated-0]=worker STEP_ROLE[aggregated-0]=aggregated STEP_STATE[aggregated-0]=up STEP_SINCE[aggregated-0]=1
STEP_HOSTS[aggregated-0]=node0 STEP_PROBE[aggregated-0]=$'aggregated-0:1\\n/metrics\\nx' STEP_POLICY[aggregated-0]=keep STEP_PID[aggregated-0]=''
${quoteCommand(['expect_hangs', String(seconds), '', work, inFlight, lines])}
${looks}`);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return run.events();
}

test('a scheduler that was stopped on an H200 is seen by its pages, and named', async () => {
  const events = await watched(PAGES);
  expect(events).toHaveLength(1);
  const [{ time: _, seconds, reason, ...event }] = events as [Record<string, unknown>];
  const { time: __, seconds: ___, reason: ____, ...then } = HUNG;
  expect(event).toEqual({
    ...then,
    stack: expect.stringMatching(
      /^FutureMap\.stash \(overlap_utils\.py:608\) < .* < run_scheduler_process \(scheduler\.py:6088\)/,
    ),
  });
  expect(seconds).toBeGreaterThanOrEqual(15);
  expect(reason).toBe(
    `aggregated-0 on node0 stands still: it has 8 requests in flight, and has given no token for ${seconds} s`,
  );
});

test('nothing is said before its limit, and nothing where the same pages go on counting', async () => {
  expect(await watched(PAGES.slice(0, 5))).toEqual([]);
  const moving = PAGES.map(({ time, page }) => ({
    time,
    page: page.replace(/^(sglang:generation_tokens_total\{.*\}) .*$/m, `$1 ${time}`),
  }));
  expect(await watched(moving)).toEqual([]);
});
