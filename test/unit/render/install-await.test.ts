import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
let cache: string;
beforeEach(() => {
  run = new RunFolder();
  cache = join(run.dir, 'cache');
  mkdirSync(cache, { mode: 0o700 });
});
afterEach(() => run.dispose());

const SETTINGS =
  'NODE=(node0) DEADLINE=60 LEASE=0 GRACE=1 SLURM_JOB_ID=7\ntrap \'echo "$OUTCOME: $REASON"\' EXIT';

/** Waits for a step that runs this script of sh in the place of install.py; the verdict's fields, and the events. */
async function awaited(script: string, limit = 60) {
  run.program('step', `said() { echo "$*" >>"$RUN_DIR"/state/install; }\n${script}`);
  const { out } = await run.bash(
    `${SETTINGS}
    launch install install '' end 0 -- step
    await_install install ${limit} "$1"
    REASON="state \${STEP_STATE[install]}"`,
    cache,
  );
  const events = run.events().filter(({ kind }) => kind === 'install');
  return {
    end: out.split('\n').at(-2),
    events: events.map(({ state, reason, seconds }) => `${state} ${seconds} ${reason}`),
  };
}

const record = (status: number, words: string) =>
  `printf '%s\\n' 1700000000000 ${status} 0 node0 '${words}' >"$RUN_DIR"/state/install.0.exit`;

test('what install.py says becomes events, and the job goes on', async () => {
  const { end, events } = await awaited(`
    said waiting 1 job 5 on node3 fetches it
    said fetching 2 Dynamo 1.6.1; said kept 3 transformers 4.55 of the image; said fetched 63 Dynamo 1.6.1
    ${record(0, '')}`);
  expect(events).toEqual([
    'waiting 1 job 5 on node3 fetches it',
    'fetching 2 Dynamo 1.6.1',
    'kept 3 transformers 4.55 of the image',
    'fetched 63 Dynamo 1.6.1',
  ]);
  expect(end).toBe(': state over');
});

test('a failure ends the job with its cause, and leaves nothing half fetched', async () => {
  mkdirSync(join(cache, '.x.7.tmp'));
  mkdirSync(join(cache, '.x.8.tmp'));
  const { end } = await awaited(`
    said fetching 0 Dynamo 1.6.1; said failed 3 cannot get ai-dynamo==1.6.1: no network
    ${record(1, 'OSError: of pip')}; exit 1`);
  expect(end).toBe('failed: Dynamo is not installed: cannot get ai-dynamo==1.6.1: no network');
  expect(readdirSync(cache)).toEqual(['.x.8.tmp']);
});

test('a supervisor that takes over tells nothing twice, and knows how it ended', async () => {
  const first = await awaited(`said fetching 2 Dynamo 1.6.1; said fetched 63 Dynamo 1.6.1; ${record(0, '')}`);
  expect(first.events).toHaveLength(2);
  run.program('step', record(0, ''));
  const { out } = await run.bash(
    `${SETTINGS}
    LINES_TOLD[install]=2
    launch install install '' end 0 -- step
    await_install install 60 "$1"
    REASON="state \${STEP_STATE[install]}"`,
    cache,
  );
  expect(out.split('\n').at(-2)).toBe(': state over');
  expect(run.events().filter(({ kind }) => kind === 'install')).toHaveLength(2);
});

test('the lines that a supervisor has told are in what it saves for the next one', async () => {
  const { out } = await run.bash(
    `${SETTINGS}
    LINES_TOLD=([image]=3 [install]=2) ATTEMPT_DIR=$RUN_DIR
    save_state
    LINES_TOLD=()
    list_steps() { :; }
    load_state
    REASON="\${LINES_TOLD[image]} \${LINES_TOLD[install]}"`,
  );
  expect(out.split('\n').at(-2)).toBe(': 3 2');
});

test('what takes too long ends the job, and says what it was at', async () => {
  const { end } = await awaited('said building 3 Dynamo at c88ef73; exec sleep 60 >/dev/null 2>&1', 0);
  expect(end).toMatch(/^deadline: Dynamo is not installed after 0 s: /);
});

describe('the cache', () => {
  const prepared = async (group = '', more = '') => {
    const { out } = await run.bash(
      `${SETTINGS}\n${more}\nprepare_cache "$1" ${group}; REASON=used`,
      join(run.dir, 'cache'),
    );
    return out.split('\n').at(-2)?.replaceAll(run.dir, '');
  };

  test('is made for its user alone', async () => {
    const { out } = await run.bash(
      `${SETTINGS}\numask 077; prepare_cache "$1"; REASON=$(stat -c %a "$1")`,
      join(run.dir, 'new'),
    );
    expect(out.split('\n').at(-2)).toBe(': 700');
  });

  test.each([
    [0o777, '', 'failed: others may replace what is in /cache, which has mode 777 and group '],
    [0o1777, '', 'failed: others may replace what is in /cache, which has mode 1777 and group '],
    [0o770, '', 'failed: others may replace what is in /cache, which has mode 770 and group '],
    [0o770, '"$(id -gn)"', ': used'],
    [0o777, '"$(id -gn)"', 'failed: others may replace what is in /cache, which has mode 777 and group '],
    [0o755, '', ': used'],
  ])('of mode %o, with the group %s', async (mode, group, end) => {
    await chmod(cache, mode);
    expect(await prepared(group)).toContain(end);
  });

  test('in a folder in which others can replace it is not used', async () => {
    await chmod(run.dir, 0o777);
    expect(await prepared()).toMatch(/^failed: others may replace what is in , which has mode 777/);
    await chmod(run.dir, 0o1777);
    expect(await prepared()).toBe(': used');
  });

  test('with an entry that others may write to, or a link, is not used', async () => {
    mkdirSync(join(cache, 'entry'));
    writeFileSync(join(cache, 'entry/x.whl'), '');
    await chmod(join(cache, 'entry/x.whl'), 0o666);
    expect(await prepared()).toBe(
      'failed: others may write to /cache/entry/x.whl, from which programs would run as you: remove it',
    );
    await chmod(join(cache, 'entry/x.whl'), 0o600);
    expect(await prepared()).toBe(': used');
    symlinkSync('/nowhere', join(cache, 'entry/y.whl'));
    expect(await prepared()).toBe(
      'failed: /cache/entry/y.whl is a symbolic link, which does not belong in the cache; remove it',
    );
  });

  test('loses what jobs that are gone have left half fetched', async () => {
    for (const job of [5, 6, 7]) mkdirSync(join(cache, `.x.${job}.tmp`));
    run.program('squeue', 'exit 1');
    expect(await prepared()).toBe(': used');
    expect(readdirSync(cache)).toHaveLength(3);
    run.program('squeue', 'echo 5; echo 7; echo 50');
    expect(await prepared()).toBe(': used');
    // 7 is this job's own, of an attempt before.
    expect(readdirSync(cache)).toEqual(['.x.5.tmp']);
  });

  test('is left as it is in a rehearsal', async () => {
    const { out } = await run.bash(
      `${SETTINGS}\nDYN_SLURM_REHEARSAL=1; prepare_cache "$1"; REASON=used`,
      join(run.dir, 'new'),
    );
    expect([out.split('\n').at(-2), existsSync(join(run.dir, 'new'))]).toEqual([': used', false]);
  });
});

test('a step has what was installed in front of what its config and its image have', async () => {
  run.file('state/installed', 'x\n');
  run.program('python3', 'echo PATH=/node/bin; echo "PYTHONPATH=/node/site; $*"');
  const { out } = await run.inTask(`
    RUN_DIR=/run ATTEMPT_DIR=${run.dir}
    . ${join(import.meta.dirname, '../../../templates/installed.sh')}
    unset PYTHONPATH
    ENVIRONMENT=(A=b PATH=/own PYTHONPATH=/mine C=d)
    PATH=${run.bin}:$PATH
    export PATH
    ENVIRONMENT[1]=PATH=$PATH
    use_installed /tmp etcd
    printf '%s\\n' "\${ENVIRONMENT[@]}"`);
  expect(out.split('\n').slice(0, -1)).toEqual([
    'A=b',
    'C=d',
    expect.stringMatching(new RegExp(`^PATH=/node/bin:${run.bin}:`)),
    'PYTHONPATH=/node/site; /run/runtime/install.py use /tmp etcd:/mine',
  ]);
});

test('a step that cannot install it ends with the cause', async () => {
  run.file('state/installed', 'x\n');
  run.program('python3', 'echo something; echo "dyn-slurm: error: no space left"; exit 1');
  await run.task(
    'w',
    `. ${join(import.meta.dirname, '../../../templates/installed.sh')}\nuse_installed /tmp`,
  );
  const record = readFileSync(join(run.dir, 'state/w.0.exit'), 'utf8').split('\n');
  expect(record[4]).toBe('cannot install Dynamo on this node: no space left');
});
