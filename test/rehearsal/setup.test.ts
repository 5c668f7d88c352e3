import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

/** Two workers of one node; the setup of decode notes that it ran, and fails when it does for the first time. */
function config(name: string, more: object): string {
  const file = join(stage.runs, `${name}.yaml`);
  const counts = join(stage.runs, 'counted');
  writeFileSync(
    join(stage.runs, 'count.sh'),
    `echo "$ROLE" >>${counts}\necho "counting for $ROLE"\n[ "$(wc -l <${counts})" -gt 1 ]\n`,
  );
  const small = { gpus_per_worker: 4, env: { ROLE: 'one' }, restart: 1 };
  const text = JSON.stringify({
    name,
    gpu: 'h100',
    model: { path: '/models/tiny', served_name: 'tiny/Model-1' },
    slurm: { account: 'test', partition: 'batch', time: '20m' },
    prefill: { ...small, env: { ROLE: 'prefill' } },
    decode: { ...small, env: { ROLE: 'decode' }, setup: { script: 'count.sh' } },
    ...more,
  });
  writeFileSync(file, text);
  return file;
}

const logOf = (run: string, step: string): string => {
  const [folder = ''] = readdirSync(stage.runs).filter(
    (name) => name.startsWith(`${run}-`) && !name.includes('.'),
  );
  const logs = join(stage.runs, folder, 'logs');
  return readFileSync(
    join(logs, readdirSync(logs).find((name) => name.startsWith(`${step}.`)) ?? ''),
    'utf8',
  );
};

const counted = (): readonly string[] =>
  readFileSync(join(stage.runs, 'counted'), 'utf8').trim().split('\n').sort();

test('a rehearsal leaves the setup out, and says so', async () => {
  const { code, stdout } = await stage.run('rehearse', config('left', { setup: ['touch /never'] }));
  expect(code, stdout).toBe(0);
  expect(stdout).toContain('not tested  setup, which would change this machine; --setup runs it\n');
  expect(logOf('left', 'decode-0')).toContain(
    'setup decode.setup is left out, because a rehearsal must not change this machine',
  );
});

test('with --setup it runs before each worker, and again where that is restarted', async () => {
  const { code, stdout } = await stage.run('rehearse', config('ran', {}), '--setup', '--json');
  expect(code, stdout).toBe(0);
  expect(counted()).toEqual(['decode', 'decode']);
  const events = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  expect(events).toContainEqual(
    expect.objectContaining({
      kind: 'worker-restarting',
      step: 'decode-0',
      line: 'setup decode.setup failed with exit code 1: counting for decode',
    }),
  );
});

test('a setup that fails is the cause', async () => {
  const failing = { setup: ['true', 'echo "ERROR: no such wheel"; exit 7'] };
  const { code, stdout } = await stage.run('rehearse', config('failed', failing), '--setup', '--json');
  expect(code, stdout).toBe(7);
  const events = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  expect(events.find(({ kind }) => kind === 'process-ended')).toMatchObject({
    line: 'setup setup failed with exit code 7: ERROR: no such wheel',
    exit: 7,
  });
});
