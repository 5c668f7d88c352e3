import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../world.ts';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

const SOURCE = `. ${join(packageRoot, 'templates/kernels.sh')}`;

/** What a worker's log says, the run folder as RUN. */
async function started(lines: string): Promise<readonly string[]> {
  await run.task('decode-0', `${SOURCE}\n${lines}`);
  return readFileSync(join(run.dir, 'logs/decode-0.node1.log'), 'utf8')
    .replaceAll(/\d{4}-\d\d-\d\dT\S+/g, 'TIME')
    .replaceAll(run.dir, 'RUN')
    .replaceAll(`-${process.getuid?.()}/`, '-UID/')
    .split('\n')
    .slice(0, -1);
}

test('the first start is cold, and the next finds what that has compiled', async () => {
  mkdirSync(join(run.dir, 'k'));
  const lines = 'keep_kernels "$RUN_DIR/k" "$RUN_DIR"\nmkdir "$KERNELS/triton"; exit 0';
  expect(await started(lines)).toEqual(['dyn-slurm: TIME kernels cold: RUN/k']);
  expect((await started(lines)).slice(1, 2)).toEqual(['dyn-slurm: TIME kernels cached: RUN/k']);
});

test('what the image or the site has set is left alone, and what the config sets wins', async () => {
  mkdirSync(join(run.dir, 'k'));
  const said = await started(
    `export TRITON_CACHE_DIR=/image TILELANG_CACHE_DIR=/image
keep_kernels "$RUN_DIR/k" "$RUN_DIR"
ENVIRONMENT=(TRITON_CACHE_DIR="$KERNELS/triton" CUDA_CACHE_PATH="$KERNELS/cuda" TILELANG_CACHE_DIR=/config X="a b")
respect_kernels
printf '%s\\n' "\${ENVIRONMENT[@]}"`,
  );
  expect(said.slice(1)).toEqual(['CUDA_CACHE_PATH=RUN/k/cuda', 'TILELANG_CACHE_DIR=/config', 'X=a b']);
});

test.each<[string, string, string]>([
  ['a folder that is not there', 'k', 'is not a folder of'],
  ['a file system without locks', 'nolocks', 'is on a file system without locks'],
])('%s: the node keeps its own', async (_, name, trouble) => {
  mkdirSync(join(run.dir, 'nolocks'));
  run.program('flock', 'exit 69');
  const [why, state, ...rest] = await started(
    `keep_kernels "$RUN_DIR/${name}" "$RUN_DIR/local"; echo "$KERNELS"`,
  );
  const own = 'RUN/local/dyn-slurm-kernels-UID/';
  expect(why).toMatch(
    new RegExp(`^dyn-slurm: TIME RUN/${name} ${trouble}.*; this node keeps its own, in ${own}`),
  );
  expect(state).toMatch(new RegExp(`^dyn-slurm: TIME kernels cold: ${own}`));
  expect(rest).toHaveLength(1);
});

test('the job makes the folder, and refuses one of somebody else, from which programs would run as its user', async () => {
  const made = await run.bash('prepare_kernels "$RUN_DIR/a/b" && stat -c %A "$RUN_DIR/a/b"');
  expect(made.out).toMatch(/^drwx.-..-.\n$/);
  mkdirSync(join(run.dir, 'loose'));
  chmodSync(join(run.dir, 'loose'), 0o777);
  const closed = await run.bash('prepare_kernels "$RUN_DIR/loose" && stat -c %a "$RUN_DIR/loose"');
  expect(closed.out).toBe('755\n');
  writeFileSync(join(run.dir, 'file'), '');
  const refused = await run.bash(
    'NODE=(node1); end() { echo "$*"; exit 1; }\nprepare_kernels "$RUN_DIR/file/k"; prepare_kernels /proc',
  );
  expect(refused.out).toBe(
    `failed cannot make the folder ${run.dir}/file/k on node1, in which engines keep compiled kernels; see kernel_cache in the cluster profile\n`,
  );
});
