import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../world.ts';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

const SOURCE = `. ${join(packageRoot, 'templates/gpu-share.sh')}`;

/** A GPU of 80,000 MiB of which so many are free; process 4711 has the rest. */
function gpu(free: number | string): void {
  run.program(
    'nvidia-smi',
    `case $* in *compute-apps*) echo '4711, 60000 MiB' ;; *-i\\ 0) echo '80000, ${free}' ;; *) exit 6 ;; esac`,
  );
}

const logOf = (name: string): readonly string[] =>
  readFileSync(join(run.dir, `logs/${name}.node1.log`), 'utf8')
    .replaceAll(/\d{4}-\d\d-\d\dT\S+/g, 'TIME')
    .split('\n')
    .slice(0, -1);

/** What a worker is given, and what its log says. */
async function given(words: string) {
  const { code } = await run.task('decode-0', `${SOURCE}\ntake_share ${words}\necho "$GPU_MEMORY"`);
  return { code, log: logOf('decode-0') };
}

test.each<[string, number, string, string, string]>([
  ['a part of what is free, on an empty GPU', 80000, '0 425 free 0.425 LOADED /m', '34000', '0.425'],
  ['the same memory beside another worker', 45000, '0 425 free 0.85 LOADED /m', '34000', '0.755'],
  ['a part of the whole GPU', 45000, '0 425 gpu 0.425 LOADED /m', '34000', '0.425'],
  ['the whole GPU once it is restarted', 79000, '0 850 free 0.85 LOADED /m', '68000', '0.860'],
])('%s', async (_, free, words, budget, value) => {
  gpu(free);
  expect(await given(words)).toEqual({
    code: 0,
    log: [`dyn-slurm: TIME gets ${budget} of 80000 MiB of GPU 0, of which ${free} are free: ${value}`, value],
  });
});

test('a part of what the weights leave free', async () => {
  gpu(40000);
  mkdirSync(join(run.dir, 'model'));
  for (const name of ['a', 'b']) run.file(`model/${name}.safetensors`, 'x'.repeat(512 * 1024));
  expect(await given(`0 425 left 0.85 LOADED ${run.dir}/model`)).toEqual({
    code: 0,
    log: ['dyn-slurm: TIME gets 34000 of 80000 MiB of GPU 0, of which 40000 are free: 0.849', '0.849'],
  });
  expect(await given(`0 0 left 0.85 LOADED ${run.dir}/model`)).toMatchObject({
    code: 1,
    log: expect.arrayContaining([
      `dyn-slurm: the weights in ${run.dir}/model take 1 MiB, and this worker's share of GPU 0 is 0 MiB: raise gpu_share`,
    ]),
  });
});

test('memory that somebody else holds is named', async () => {
  gpu(20000);
  expect(await given('0 425 free 0.425 LOADED /m')).toEqual({
    code: 1,
    log: [
      "dyn-slurm: GPU 0 has 20000 of 80000 MiB free, and this worker's share is 34000 MiB: process 4711 has 60000 MiB",
    ],
  });
});

test('without an answer of nvidia-smi a worker gets what is planned', async () => {
  gpu('[N/A]');
  expect(await given('0 425 free 0.425 LOADED /m')).toEqual({
    code: 0,
    log: [
      'dyn-slurm: TIME nvidia-smi does not say how much memory of GPU 0 is free; the worker gets what is planned, 0.425',
      '0.425',
    ],
  });
});

/** Until the file is there. */
async function seen(name: string): Promise<void> {
  while (!existsSync(join(run.dir, name))) await sleep(20);
}

test('workers of one GPU load one after the other, each until its log says that it has', async () => {
  gpu(80000);
  const worker = (name: string, then: string) =>
    run.task(
      name,
      `${SOURCE}\ntake_share 0 425 gpu 0.425 'tokens=[0-9]' /m\n>"$RUN_DIR/${name}.loads"\n${then}`,
    );
  const until = (name: string) => `until [ -e "$RUN_DIR/${name}" ]; do sleep 0.05; done`;
  const first = worker('prefill-0', `${until('load')}\necho tokens=4\n${until('end')}`);
  await seen('prefill-0.loads');
  const second = worker('decode-0', until('end'));
  const waits = 'dyn-slurm: TIME waits until another worker has loaded on GPU 0';
  while (!existsSync(join(run.dir, 'logs/decode-0.node1.log')) || !logOf('decode-0').includes(waits))
    await sleep(20);
  expect(existsSync(join(run.dir, 'decode-0.loads'))).toBe(false);
  writeFileSync(join(run.dir, 'load'), '');
  await seen('decode-0.loads');
  writeFileSync(join(run.dir, 'end'), '');
  expect(await Promise.all([first, second])).toMatchObject([{ code: 0 }, { code: 0 }]);
});

test('the turn of a worker that ends before it has loaded is over', async () => {
  gpu(80000);
  const words = "0 425 gpu 0.425 'tokens=[0-9]' /m";
  await run.task('prefill-0', `${SOURCE}\ntake_share ${words}\nexit 1`);
  expect(await run.task('decode-0', `${SOURCE}\ntake_share ${words}\nexit 3`)).toMatchObject({ code: 3 });
});
