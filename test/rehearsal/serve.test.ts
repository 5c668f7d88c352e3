import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, expect, test } from 'vitest';
import { findTools, toolsPlace } from '../../src/rehearsal/tools/tools.ts';
import { packageRoot } from '../world.ts';
import { Stage } from './rehearsal.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const bin = join(stage.runs, 'machine');
const config = join(stage.runs, 'mini.yaml');
const seen = join(stage.runs, 'seen');
const uuid = (index: number) => `GPU-${process.pid}-${index}`;

/** A machine with two GPUs, and a Python with Dynamo's own engine, which writes down the GPUs that its workers see. */
function machine(): void {
  mkdirSync(bin);
  const program = (name: string, text: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const row = (index: number) => `echo '${index}, ${uuid(index)}, NVIDIA H200, 143771, 1, Disabled'`;
  program(
    'nvidia-smi',
    `case $* in
--query-gpu=index,uuid,*) ${row(0)}; ${row(1)} ;;
--query-compute*) ;;
--query-gpu=index,memory.used,*)
  for gpu in $(echo "$*" | sed -n 's/.* -i //p' | tr , ' '); do echo "$gpu, 1 MiB, NVIDIA H200, Disabled, 0"; done ;;
*) echo "not asked for: $*" >&2; exit 6 ;;
esac`,
  );
  const tools = findTools(toolsPlace({ env: process.env, home: process.env.HOME ?? '/', packageRoot }));
  program(
    'python3',
    `case $* in
# It is asked for its own path, and for modules that it lacks.
-c*' sglang '*) echo "$0"; echo sglang; exit ;;
-c*) echo "$0"; exit ;;
*dynamo.mocker*) echo "$CUDA_DEVICE_ORDER $CUDA_VISIBLE_DEVICES" >>'${seen}' ;; esac
exec '${tools?.python}' "$@"`,
  );
  process.env.PATH = `${bin}:${process.env.PATH}`;
  writeFileSync(
    config,
    `name: mini
gpu: h200
engine: {type: mocker}
model: {path: ${join(packageRoot, 'rehearsal/model')}, served_name: tiny}
slurm: {time: 10m}
aggregated: {gpus_per_worker: 1}
`,
  );
}

test('a service on the GPUs of this machine, beside another one, until Ctrl-C', async () => {
  machine();
  const first = stage.start('serve', config);
  await first.line(/ {2}end +Ctrl-C/);
  const second = await stage.run('serve', config, '--detach', '--json');
  const { run } = JSON.parse(second.stdout);
  const third = await stage.run('serve', config);
  expect(third).toMatchObject({ code: 4, stdout: '' });
  expect(third.stderr).toMatch(
    new RegExp(
      `^no GPU of this machine is free\n {2}GPU 0 is in use by run mini-\\w+\n {2}GPU 1 is in use by run ${run}\n`,
    ),
  );
  const watching = stage.start('watch', run, '--json');
  await watching.line(/"kind":"ready"/);
  // Each has its own GPU, by the number that the machine has for it.
  expect(readFileSync(seen, 'utf8').split('\n').slice(0, -1).sort()).toEqual([
    'PCI_BUS_ID 0',
    'PCI_BUS_ID 1',
  ]);
  watching.interrupt();
  const more = await stage.run('serve', config, '--set', 'aggregated.workers=3');
  expect(more.stderr).toMatch(/^no GPU of this machine is free\n/);
  first.interrupt();
  const { code, stdout } = await first.ended;
  expect({
    code,
    url: /serving tiny at (http:\/\/127\.\S+:8000)\n {2}try +curl \1\/v1\/chat/.test(stdout),
  }).toEqual({
    code: 0,
    url: true,
  });
  expect(stdout).toMatch(/\nmini-\w+ has ended after .*; job \d+ ends with it\n$/);
  // The first one's GPU is free again.
  const { stderr } = await stage.run('serve', config, '--set', 'aggregated.workers=3');
  expect(stderr.split('\n').slice(0, 5)).toEqual([
    'the plan needs 3 GPUs, and this machine has 1 free, of 2 (NVIDIA H200)',
    `  GPU 1 is in use by run ${run}`,
    'what would fit:',
    '  1 aggregated worker:',
    `    dyn-slurm serve ${config} --set aggregated.workers=3 --set aggregated.workers=1`,
  ]);
  expect(await stage.run('cancel', run)).toMatchObject({ code: 0 });
});

test('an engine that is not installed is named before anything starts', async () => {
  const said = await stage.run('serve', config, '--set', 'engine.type=sglang');
  expect(said).toMatchObject({
    code: 4,
    stdout: '',
    stderr: expect.stringMatching(/^no Python with SGLang is installed here, and \S+ lacks sglang/),
  });
});

test('the steps of a config with an image run in it, by docker', async () => {
  const log = join(stage.runs, 'docker.log');
  const docker = join(bin, 'docker');
  // Notes what it is told, and runs the command on the machine.
  writeFileSync(
    docker,
    `#!/bin/sh
echo "$*" >>'${log}'
[ "$1" = run ] || exit $([ "$1" = pull ]; echo $?)
while [ "$1" != --entrypoint ]; do shift; done
program=$2
shift 3
PATH='${bin}':$PATH exec "$program" "$@"
`,
    { mode: 0o755 },
  );
  const image = 'example.org/sglang:1';
  const served = stage.start('serve', config, '--image', image, '--set', 'name=boxed');
  await served.line(/serving tiny at/);
  served.interrupt();
  expect((await served.ended).code).toBe(0);
  const calls = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  expect(calls.slice(0, 2)).toEqual([`image inspect ${image}`, `pull ${image}`]);
  const worker = calls.find((call) => call.endsWith('/steps/aggregated-0.sh')) ?? '';
  expect(worker).toMatch(/^run --rm --network host --ipc host .* --gpus "device=0" /);
  expect(worker).toContain(` --volume ${join(packageRoot, 'rehearsal/model')}:`);
  expect(
    calls
      .filter((call) => call.startsWith('run '))
      .map((call) => /steps\/(.*)\.sh$/.exec(call)?.[1])
      .sort(),
  ).toEqual(['aggregated-0', 'etcd', 'frontend-0', 'nats']);
});
