import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { argText, onNode } from '../../../src/argument.ts';
import { loadJob } from '../../../src/cli/runs/config/load.ts';
import { rehearsable } from '../../../src/rehearsal/rehearsable.ts';
import { packageRoot, testWorld } from '../../world.ts';
import { installedTools } from './service.ts';

/** Maps each command and lets the real dynamo.mocker parse the outcome into an engine. Prints what it refused. */
const PARSE = `
import json, sys
sys.path.insert(0, sys.argv[1])
from mapping import to_mocker
from dynamo.mocker.args import parse_args
from dynamo.mocker.config import load_mocker_engine_args
for name, module, *words in json.load(sys.stdin):
    mapped = to_mocker(module, words, sys.argv[2], '1')
    try:
        load_mocker_engine_args(parse_args(mapped.argv))
    except (Exception, SystemExit) as error:
        print(name, repr(error), ' '.join(mapped.argv))
`;

async function workerCommands(topology: string): Promise<readonly (readonly string[])[]> {
  const world = testWorld();
  const text = `name: t\ntopology: ${topology}\nmodel: {path: /m}\nslurm: {account: a, partition: p, time: 1h}\n`;
  writeFileSync(join(world.cwd, 'config.yaml'), text);
  const { plan } = await loadJob('config.yaml', {}, world);
  if (plan === undefined) throw new Error(`${topology} has errors`);
  if (rehearsable(plan) !== undefined) return [];
  const workers = plan.steps.filter(({ kind }) => kind === 'worker');
  return workers.map(({ name, argv, nodes }) => {
    const words = argv.map((word) => argText(onNode(word, nodes[0] ?? 0, 0)));
    return [`${topology} ${name}`, ...words.slice(words.indexOf('-m') + 1)];
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
  expect(ended.stdout).toBe('');
});
