import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { nodeAddress } from '../../src/rehearsal/slurm/job-record.ts';
import { findTools, toolsPlace } from '../../src/rehearsal/tools/tools.ts';
import { Stage } from './rehearsal.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** etcd's answer to somebody who has no password; undefined while nobody listens. */
async function call(
  address: string,
  path: string,
  body: object,
  token?: string,
): Promise<string | undefined> {
  const headers = token === undefined ? undefined : { authorization: token };
  const asked = { method: 'POST', body: JSON.stringify(body), ...(headers && { headers }) };
  const answer = await fetch(`http://${address}/v3/${path}`, asked).catch(() => undefined);
  return answer?.text().catch(() => undefined);
}

function listens(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
  });
}

const login = { name: 'root', password: 'of a stranger' };
const MINE = { key: base64('mine'), value: base64('mine') };

/** What a stranger would do first, and what would make etcd his. */
const GRABS: readonly (readonly [string, object])[] = [
  ['auth/user/add', login],
  ['auth/role/add', { name: 'root' }],
  ['auth/user/grant', { user: 'root', role: 'root' }],
  ['auth/enable', {}],
  ['auth/authenticate', login],
  ['auth/disable', {}],
  ['kv/put', MINE],
  ['kv/range', { key: 'AA==', range_end: 'AA==' }],
  ['kv/deleterange', { key: 'AA==', range_end: 'AA==' }],
  ['kv/txn', { success: [{ requestPut: MINE }] }],
  ['cluster/member/add', { peerURLs: ['http://127.0.0.1:1'] }],
  ['maintenance/snapshot', {}],
];

/** Tries without a pause, from before etcd runs; gives what succeeded and how often it was tried. */
async function attack(address: string, begun: () => void, over: () => boolean) {
  const won: string[] = [];
  let tries = 0;
  let answers = 0;
  while (tries < 1000 || !over()) {
    for (const [path, body] of GRABS) {
      const answer = await call(`${address}:2379`, path, body);
      tries++;
      if (answer === undefined) break;
      answers++;
      if (!answer.includes('"error"')) won.push(`${path}: ${answer}`);
    }
    if (await listens(address, 2380)) won.push('the peer port');
    begun();
  }
  return { won, enough: tries >= 1000 && answers >= GRABS.length };
}

test('a stranger who tries from before etcd runs gets nothing, and one who stops it later is undone', async () => {
  const attacked = join(stage.runs, 'attacked');
  // The job starts nothing before the stranger has tried for the first time.
  stage.profile('held', `preamble: until [ -e ${attacked} ]; do sleep 0.1; done\n`);
  const config = join(import.meta.dirname, '../fixtures/rehearsal/disaggregated.yaml');
  const rehearsal = stage.start('rehearse', config, '--cluster', 'held', '--json', '--keep');
  await rehearsal.line(/"kind":"job-started"/);
  const [id = ''] = readdirSync(stage.runs).filter((name) => !['config', 'attacked'].includes(name));
  const dir = join(stage.runs, id);
  const events = () => readFileSync(join(dir, 'events.jsonl'), 'utf8');
  try {
    const address = nodeAddress(Number(/"job":"(\d+)"/.exec(events())?.[1]), 0);
    expect(events()).not.toContain('"kind":"step-started"');
    const before = await attack(
      address,
      () => writeFileSync(attacked, ''),
      () => events().includes('"kind":"ready"'),
    );
    expect(before).toEqual({ won: [], enough: true });
    expect((await rehearsal.ended).code).toBe(0);

    const etcd = `${address}:2379`;
    const password = /ETCD_AUTH_PASSWORD=(\S+)/.exec(
      readFileSync(join(dir, 'state/credentials'), 'utf8'),
    )?.[1];
    const token = JSON.parse((await call(etcd, 'auth/authenticate', { name: 'root', password })) ?? '').token;
    const asRoot = async (path: string, body: object) =>
      JSON.parse((await call(etcd, path, body, token)) ?? '');
    expect((await asRoot('auth/user/list', {})).users).toEqual(['root']);
    expect((await asRoot('auth/status', {})).authRevision).toBe('4');

    // etcd takes an alarm from anybody, and then neither reads nor writes.
    await call(etcd, 'maintenance/alarm', { action: 'ACTIVATE', alarm: 'CORRUPT' });
    await call(etcd, 'maintenance/alarm', { action: 'ACTIVATE', alarm: 'NOSPACE', memberID: '1' });
    expect((await asRoot('kv/put', MINE)).error).toMatch(/corrupt cluster|database space exceeded/);
    while (!events().includes('etcd was stopped by the alarm')) await sleep(50);
    expect(await asRoot('maintenance/alarm', { action: 'GET' })).not.toHaveProperty('alarms');
    expect(await asRoot('kv/put', MINE)).not.toHaveProperty('error');
    expect(events()).not.toContain('"kind":"verdict"');
  } finally {
    await stage.run('cancel', id);
  }
});

const ROOT = join(import.meta.dirname, '../..');
const HERE = '127.0.78.10:2379';

/** etcd as the job starts it, in a folder of its own, and lib.sh beside it. */
class Locked {
  readonly dir = mkdtempSync(join(tmpdir(), 'dyn-slurm-locked-'));
  readonly #bin = findTools(toolsPlace({ env: process.env, home: homedir(), packageRoot: ROOT }))?.bin;
  #etcd: ChildProcess | undefined;

  constructor() {
    for (const name of ['state', 'logs']) mkdirSync(join(this.dir, name));
  }

  /** Gives the password once it is open. */
  async start(): Promise<string> {
    const url = `http://${HERE}`;
    const lock = join(this.dir, 'state/etcd.lock');
    const peer = 'unix://peer:1';
    const argv = [join(ROOT, 'templates/etcd.py'), lock, join(this.#bin ?? '', 'etcd'), '--name', 'head'];
    argv.push('--data-dir', 'data', '--listen-client-urls', url, '--advertise-client-urls', url);
    argv.push(
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
      '--initial-cluster',
      `head=${peer}`,
    );
    argv.push('--heartbeat-interval', '10', '--election-timeout', '100', '--log-level', 'error');
    this.#etcd = spawn('python3', argv, { cwd: this.dir, stdio: 'ignore' });
    while (!(await call(HERE, 'kv/range', MINE))?.includes('user name is empty')) await sleep(20);
    return readFileSync(lock, 'utf8').split('\n')[0] ?? '';
  }

  /** What the job does next: its events, without their times, and what the steps are told. */
  async enter() {
    const lines = `cd "${ROOT}/templates" && RUNTIME_FILES=(cause-line.sh environment.sh lib/*.sh) && . ./lib.sh; trap 'event verdict reason="$REASON"' EXIT; enter_etcd ${HERE}; end succeeded entered`;
    const env = { PATH: process.env.PATH, RUN_DIR: this.dir };
    await text(spawn('bash', ['-c', lines], { env }).stdout);
    const events = readFileSync(join(this.dir, 'events.jsonl'), 'utf8').trim().split('\n');
    const told = readdirSync(join(this.dir, 'state')).includes('credentials');
    return { reasons: events.map((line) => JSON.parse(line).reason), told };
  }

  async dispose(): Promise<void> {
    const ended = this.#etcd && once(this.#etcd, 'exit');
    this.#etcd?.kill();
    await ended;
    rmSync(this.dir, { recursive: true });
  }
}

const WRITTEN =
  'etcd is not as the job has locked it, so somebody else has written to it: its revisions of data and users are';
test.each([
  ['nobody has', [], 'entered', true],
  ['somebody has written', [['kv/put', MINE]], `${WRITTEN} 2 4, not 1 4`, false],
  [
    'there is another user',
    [['auth/user/add', { name: 'x', password: 'y' }]],
    `${WRITTEN} 1 5, not 1 4`,
    false,
  ],
] as const)('etcd is entered only as it was locked: %s', async (_, changes, reason, told) => {
  const locked = new Locked();
  try {
    const password = await locked.start();
    const token = JSON.parse((await call(HERE, 'auth/authenticate', { name: 'root', password })) ?? '').token;
    for (const [path, body] of changes) await call(HERE, path, body, token);
    expect(await locked.enter()).toEqual({ reasons: [reason], told });
  } finally {
    await locked.dispose();
  }
});
