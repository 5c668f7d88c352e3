import { afterAll, afterEach, expect, test } from 'vitest';
import { processesOf, Stage } from './rehearsal.ts';
import { eventOf, submit } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

test.each([
  ['vllm', 'max-num-seqs=64', '--max-num-seqs 64'],
  ['trtllm', 'max_batch_size=64', 'engine-decode.yaml: max_batch_size: 64'],
])(
  'a worker of %s is restarted with another argument, and no command speaks of another engine',
  async (engine, argument, change) => {
    const run = await submit(stage, engine);
    await eventOf(run, 'ready');
    const restarted = await stage.run('restart', run.run, 'decode-0', '--arg', argument);
    expect(restarted).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/decode-0 serves, .* after its start\n$/),
    });
    expect(restarted.stderr).toContain(`decode-0\n  + ${change}\n`);
    // What the engine's stand-in makes of it, on each node that serves.
    const serving = engine === 'vllm' ? 2 : 1;
    expect(processesOf(run.dir).filter((line) => line.includes('--max-num-seqs 64'))).toHaveLength(serving);
    const size = ['--isl', '100', '--osl', '10', '--concurrency', '2'];
    const said = [
      restarted,
      await stage.run('restart', run.run, 'decode-0', '--arg', 'no-such-argument=1'),
      await stage.run('bench', run.run, '--type', 'builtin', ...size),
      await stage.run('status', run.run),
      await stage.run('logs', run.run, 'decode-0'),
      await stage.run('profile', run.run),
      await stage.run('cancel', run.run),
    ];
    expect(said.map(({ code }) => code)).toEqual([0, expect.any(Number), 0, 0, 0, expect.any(Number), 0]);
    const text = said.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    // dynamo.mocker prints all its settings, some of which are for SGLang.
    expect(text.replaceAll(/^.*MockerConfig.*$/gm, '')).not.toMatch(/sglang/i);
    expect(text).toContain(`rehearsal: dynamo.${engine} stands in as dynamo.mocker: decode`);
  },
);
