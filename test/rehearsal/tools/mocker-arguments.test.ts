import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { argText, onNode } from '../../../src/argument.ts';
import { loadJob } from '../../../src/cli/runs/config/load.ts';
import { rehearsable } from '../../../src/rehearsal/rehearsable.ts';
import { packageRoot, testWorld } from '../../world.ts';
import { installedTools } from './service.ts';

/** Maps each command and lets the real dynamo.mocker parse the outcome into an engine. Prints what it refused. */
const PARSE = `
import json, os, sys
sys.path.insert(0, sys.argv[1])
from mapping import own_mocker, to_mocker
from trtllm import trtllm_to_mocker
from vllm import vllm_to_mocker
from dynamo.mocker.args import parse_args
from dynamo.mocker.config import load_mocker_engine_args
engines = {'dynamo.mocker': own_mocker, 'dynamo.vllm': vllm_to_mocker, 'dynamo.trtllm': trtllm_to_mocker}
commands = json.load(sys.stdin)
for name, tasks, module, *words in commands:
    # As trtllm-llmapi-launch leaves them.
    os.environ.update(DYN_SLURM_MPI_RANK='0', DYN_SLURM_MPI_SIZE=tasks)
    mapped = engines.get(module, to_mocker)(module, words, sys.argv[2], '1')
    try:
        load_mocker_engine_args(parse_args(mapped.argv))
    except (Exception, SystemExit) as error:
        print(name, repr(error), ' '.join(mapped.argv))
print(len(commands), 'commands')
`;

async function workerCommands(topology: string): Promise<readonly (readonly string[])[]> {
  const world = testWorld();
  const text = `name: t\ntopology: ${topology}\nmodel: {path: /m}\nslurm: {account: a, partition: p, time: 1h}\n`;
  writeFileSync(join(world.cwd, 'config.yaml'), text);
  const { plan } = await loadJob('config.yaml', {}, world);
  if (plan === undefined) throw new Error(`${topology} has errors`);
  if (rehearsable(plan) !== undefined) return [];
  const workers = plan.steps.filter(({ kind }) => kind === 'worker');
  mkdirSync(join(world.cwd, 'steps'));
  return workers.map(({ name, argv, nodes, files = {}, mpi }) => {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(world.cwd, 'steps', file), text);
    const words = argv.map((word) =>
      argText(onNode(word, nodes[0] ?? 0, 0)).replace('${RUN_DIR}', world.cwd),
    );
    return [
      `${topology} ${name}`,
      String(nodes.length * (mpi?.tasksPerNode ?? 1)),
      ...words.slice(words.indexOf('-m') + 1),
    ];
  });
}

test("dynamo.mocker takes what every topology's workers map to", async () => {
  const folder = join(packageRoot, 'configs/topologies');
  const names = readdirSync(folder).map((file) => file.replace('.yaml', ''));
  const commands = (await Promise.all(names.map(workerCommands))).flat();
  expect(commands.length).toBeGreaterThan(names.length);
  const argv = [
    '-B',
    '-c',
    PARSE,
    join(packageRoot, 'rehearsal/engine'),
    join(packageRoot, 'rehearsal/model'),
  ];
  const ended = spawnSync(installedTools().python, argv, {
    input: JSON.stringify(commands),
    encoding: 'utf8',
  });
  expect(ended.stderr).not.toContain('Traceback');
  expect(ended.stdout).toBe(`${commands.length} commands\n`);
});
