import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { environment } from '../../../src/config/schema/fields.ts';
import type { StepBody } from '../../../src/plan/plan.ts';
import { secretFiles } from '../../../src/render/secrets.ts';
import { environmentFile, stepScript } from '../../../src/render/step-files.ts';

const TEMPLATES = join(import.meta.dirname, '../../../templates');
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dyn-slurm-step-'));
  for (const name of ['state', 'logs', 'env', 'steps', 'runtime']) mkdirSync(join(dir, name));
  for (const name of ['task.sh', 'environment.sh', 'bench.sh', 'cause-line.sh'])
    copyFileSync(join(TEMPLATES, name), join(dir, 'runtime', name));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Names that the scripts of a node use, and those that mean something to bash. */
function scriptNames(): readonly string[] {
  const text = ['task.sh', 'environment.sh', 'bench.sh', 'cause-line.sh'].map((name) =>
    readFileSync(join(dir, 'runtime', name), 'utf8'),
  );
  const used = new Set(text.join('\n').match(/\b[A-Za-z_]\w*\b/g));
  const bash =
    'SECONDS RANDOM LINENO FUNCNAME GROUPS DIRSTACK REPLY OPTIND HOSTNAME TMOUT POSIXLY_CORRECT CDPATH';
  return [...used, ...bash.split(' ')].filter(
    (name) => !/^(DYN_SLURM_.*|SLURM.*|PATH|ENV|IFS|_|BASH_\w+|NO_PROXY|no_proxy)$/.test(name),
  );
}

function writeStep(
  argv: readonly string[],
  env: StepBody['env'],
  secrets: Readonly<Record<string, string>> = {},
): void {
  const sources = Object.fromEntries(Object.keys(secrets).map((name) => [name, { from_env: name }]));
  const step: StepBody = {
    ...{
      name: 'b',
      kind: 'bench',
      role: null,
      worker: null,
      nodes: [0],
      gpus: [],
      ports: [],
      contained: true,
    },
    ...{ argv, env, secrets: sources },
  };
  const template = readFileSync(join(TEMPLATES, 'step.sh.hbs'), 'utf8');
  writeFileSync(
    join(dir, 'steps/b.sh'),
    stepScript({ localDir: '/tmp', etcdGuard: 'password', contained: true }, step, template),
  );
  writeFileSync(join(dir, 'env/b.env'), environmentFile(step));
  const values = Object.entries(secrets).map(([name, value]) => ({
    step: 'b',
    name,
    value,
    source: { from_env: name },
  }));
  for (const [file, { text }] of secretFiles(values)) writeFileSync(join(dir, file), text);
}

/** What the step's command finds in its environment. `given` is what srun hands to the step. */
async function environmentOfStep(
  given: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const env = {
    ...{ PATH: process.env.PATH, ...given, DYN_SLURM_RUN_DIR: dir, DYN_SLURM_ATTEMPT_DIR: dir },
    ...{
      DYN_SLURM_NODES: 'node1',
      DYN_SLURM_NODE_IPS: '127.0.0.1',
      SLURM_NODEID: '0',
      SLURMD_NODENAME: 'node1',
    },
  };
  const { stdout } = await promisify(execFile)('bash', ['-p', join(dir, 'steps/b.sh')], { env });
  const words = stdout.split('\0').filter(Boolean);
  return Object.fromEntries(
    words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
}

test('every name that a config gives arrives, whatever our scripts use it for', async () => {
  const names = scriptNames().filter((name) => environment.safeParse({ [name]: 'x' }).success);
  expect(names).toEqual(
    expect.arrayContaining(['NODE_RANK', 'STEP', 'LOG', 'PORT', 'SECONDS', 'NODE', 'RUN_DIR']),
  );
  const given = Object.fromEntries(names.map((name) => [name, `of ${name}`]));
  writeStep(['env', '-0'], { ...given, RANK: [{ ref: 'rank' }, '@', { ref: 'self-ip' }] });
  expect(await environmentOfStep()).toMatchObject({ ...given, RANK: '0@127.0.0.1' });
  expect(readFileSync(join(dir, 'state/b.0.exit'), 'utf8').split('\n').slice(1, 4)).toEqual([
    '0',
    '0',
    'node1',
  ]);
});

test('what an image or a preamble has set arrives too, and the config wins over it', async () => {
  const given = Object.fromEntries(scriptNames().map((name) => [name, `given ${name}`]));
  const kept = {
    'BASH_FUNC_echo%%': '() {  exit 9\n}',
    SHELLOPTS: 'braceexpand:xtrace',
    BASH_ENV: '/dev/null/none',
  };
  writeStep(['env', '-0'], { LOG: 'config', PORT: '80' }, { STEP: "a 's\nsecret" });
  const { LOG, PORT, STEP, ...rest } = await environmentOfStep({ ...given, ...kept });
  expect({ LOG, PORT, STEP }).toEqual({ LOG: 'config', PORT: '80', STEP: "a 's\nsecret" });
  for (const name of ['NODE_RANK', 'NODE_IP', 'LOCAL_DIR', 'RUN_DIR', 'status', 'child']) {
    expect(rest[name]).toBe(`given ${name}`);
  }
  expect(rest.BASH_ENV).toBe('/dev/null/none');
});

test('a folder that is not ours is not removed', async () => {
  mkdirSync(join(dir, 'precious'));
  writeStep(['true'], {});
  await environmentOfStep({ LOCAL_DIR: join(dir, 'precious') });
  expect(() => readFileSync(join(dir, 'precious'))).toThrow(/EISDIR/);
});

test('the tool of a benchmark gets the names that bench.sh uses', async () => {
  const results = join(dir, 'results');
  const measured = ['point', '1', '1', 'p', '0', 'TERM', 'sh', '-c', 'env -0 >"$0"', join(dir, 'seen')];
  writeStep(['bash', join(dir, 'runtime/bench.sh'), '1', ':::', ...measured], {
    KIND: 'k',
    CHILD: 'c',
    NAME: 'n',
    RUN_DIR: '/x',
  });
  await environmentOfStep({ DYN_SLURM_RESULTS: results });
  const seen = readFileSync(join(dir, 'seen'), 'utf8').split('\0');
  expect(seen).toEqual(expect.arrayContaining(['KIND=k', 'CHILD=c', 'NAME=n', 'RUN_DIR=/x']));
});

test.each([
  ['UID', 'is reserved by bash, so its value would be lost; use another name'],
  ['BASHOPTS', 'is reserved by bash, so its value would be lost; use another name'],
  ['IFS', 'changes how every program starts, so it is not allowed'],
  ['DYN_SLURM_NODES', 'starts with DYN_SLURM_, which is reserved for dyn-slurm; use another name'],
])('%s is refused', (name, message) => {
  const { error } = environment.safeParse({ [name]: '1' });
  expect(
    error?.issues.flatMap((issue) => ('issues' in issue ? issue.issues.map((inner) => inner.message) : [])),
  ).toEqual([message]);
});
