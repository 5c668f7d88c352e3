import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type ProfileOptions, profile } from '../../src/cli/commands/profile/profile.ts';
import { NODES, RUN, servingRun } from '../unit/cli/profile/serving.ts';
import type { Site } from '../unit/cli/run-folder.ts';
import { Stage } from './rehearsal.ts';
import { eventOf, submit } from './submitted.ts';
import { installedTools } from './tools/service.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

test('a mock engine has no profiler, and says so on its real route', async () => {
  const run = await submit(stage, 'watched');
  await eventOf(run, 'ready');
  const { code, stderr } = await stage.run('profile', run.run, '--role', 'decode', '--seconds', '1');
  expect({ code, stderr }).toEqual({
    code: 4,
    stderr: `decode-0: its engine does not support profiling
decode-1: its engine does not support profiling
nothing was profiled: decode-0: its engine does not support profiling; decode-1: its engine does not support profiling
  hint: mock engines of a rehearsal cannot be profiled: profile a run on GPUs
`,
  });
  const { stdout } = await stage.run('export', run.run, '--scrape');
  const target = JSON.parse(stdout).at(-1).targets[0];
  const answer = await fetch(`http://${target}/engine/control/start_profile`, { method: 'POST', body: '{}' });
  expect([answer.status, await answer.json()]).toEqual([
    404,
    { error: 'Route not found', message: 'Route /engine/control/start_profile not found' },
  ]);
  expect((await stage.run('cancel', run.run)).code).toBe(0);
});

describe('an engine that can be profiled, under a real Dynamo', () => {
  /** Dynamo takes no port above 32767. */
  const PORT = 18_081;
  const engines: ChildProcess[] = [];
  afterEach(async () => {
    const running = engines.splice(0).filter(({ exitCode }) => exitCode === null);
    await Promise.all(running.map((each) => each.kill('SIGKILL') && once(each, 'close')));
  });

  /** Serves its routes at PORT of a loopback address. */
  async function engine(address: string, ranks: number): Promise<void> {
    const script = join(import.meta.dirname, 'profiled-engine.py');
    const child = spawn(installedTools().python, [script, String(ranks)], {
      env: { ...process.env, DYN_SYSTEM_HOST: address, DYN_SYSTEM_PORT: String(PORT), DYN_LOG: 'off' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    engines.push(child);
    const [first] = await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
    expect(String(first)).toMatch(/^ready/);
  }

  const run = (options: Partial<ProfileOptions>, { world }: Site) =>
    profile(RUN, { tool: 'torch', seconds: 1, ...options }, world);

  test('leaves a trace a rank, and one that somebody else profiles is left alone', async () => {
    await Promise.all([engine(NODES[1], 4), engine(NODES[2], 2)]);
    const place = await servingRun([{ port: undefined }, { gpus: 4, port: PORT }, { gpus: 2, port: PORT }]);
    expect(await run({ role: 'decode', json: true }, place)).toBe(0);
    const { folder, workers } = JSON.parse(place.out());
    const traces = (ranks: number) =>
      Array.from({ length: ranks }, (_, rank) => ({
        file: expect.stringMatching(new RegExp(`^\\d+\\.\\d+-TP-${rank}\\.trace\\.json\\.gz$`)),
        bytes: expect.any(Number),
      }));
    expect(workers).toEqual([
      { worker: 'decode-0', role: 'decode', error: null, traces: traces(4) },
      { worker: 'decode-1', role: 'decode', error: null, traces: traces(2) },
    ]);
    const text = gunzipSync(await readFile(join(folder, 'decode-1', workers[1].traces[1].file)));
    const { activities, traceEvents } = JSON.parse(text.toString());
    expect(activities).toEqual(['CPU', 'GPU']);
    expect(traceEvents[0].dur).toBeGreaterThan(1e6);

    const theirs = async (what: string, body?: string) => {
      const url = `http://${NODES[1]}:${PORT}/engine/control/${what}`;
      const answer = await fetch(url, { method: 'POST', ...(body !== undefined && { body }) });
      return [answer.status, await answer.json()];
    };
    const body = JSON.stringify({ output_dir: join(folder, 'theirs'), activities: ['CPU'] });
    expect(await theirs('start_profile', body)).toEqual([
      200,
      { status: 'ok', message: 'Profiling started' },
    ]);
    await expect(run({ worker: ['decode-0'] }, place)).rejects.toThrow(
      'nothing was profiled: decode-0: Python callback failed: RuntimeError: Profiling is already in progress. Call /stop_profile first.',
    );
    expect(await theirs('stop_profile')).toEqual([200, { status: 'ok', message: 'Profiling stopped' }]);
    expect(await readdir(join(folder, 'theirs'))).toHaveLength(4);
    for (const left of [place.world.home, place.stub.bin]) await rm(left, { recursive: true });
  });
});
