import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

/** What a task recorded of its end, but for the time. */
async function ended(lines: string) {
  const { code } = await run.task('decode-0', lines);
  const [, ...record] = readFileSync(join(run.dir, 'state/decode-0.0.exit'), 'utf8').split('\n').slice(0, -1);
  return { code, record, log: readFileSync(join(run.dir, 'logs/decode-0.node1.log'), 'utf8') };
}

test('a command that ends is recorded with its last error', async () => {
  expect(await ended(`run sh -c 'echo "RuntimeError: no"; echo bye; exit 3'`)).toEqual({
    code: 3,
    record: ['3', '0', 'node1', 'RuntimeError: no', '3'],
    log: 'RuntimeError: no\nbye\n',
  });
});

test('a benchmark that succeeds has no cause, whatever its tool complains of', async () => {
  const tool = `echo "Fail to load tokenizer config"; echo "RuntimeError: never mind"; echo done`;
  expect((await ended(`complete sh -c '${tool}'`)).record).toEqual(['0', '0', 'node1', '', '0']);
  expect((await ended(`complete sh -c '${tool}; exit 3'`)).record.slice(3)).toEqual([
    'RuntimeError: never mind',
    '3',
  ]);
});

test('a command that is killed has not run out of memory', async () => {
  expect(await ended(`run sh -c 'echo works; kill -KILL $$'`)).toEqual({
    code: 137,
    record: ['137', '0', 'node1', 'works', '0'],
    log: 'works\n',
  });
});

test('under a profiler the engine itself is told to end, and the profiler ends after it', async () => {
  // As nsys: it would pass SIGTERM on, end at once, and with it the step.
  run.program('nsys', `"$@" & engine=$!; trap 'kill -TERM $engine; echo gone; exit 0' TERM; wait $engine`);
  run.program('engine', `trap 'sleep 0.2; echo unregistered; exit 0' TERM; echo up; sleep 60 & wait $!`);
  const { record, log } = await ended(`{ until grep -q up "$LOG"; do sleep 0.02; done; kill -TERM $$; } &
run nsys bash -c 'echo $$ >"$0" && exec "$@"' "$ATTEMPT_DIR/state/decode-0.0.engine" engine`);
  expect(record.slice(0, 3)).toEqual(['0', '1', 'node1']);
  expect(log).toBe('up\nunregistered\n');
});

test('a command that lives on after its last line is ended', async () => {
  const lives = `trap "" TERM; echo "RuntimeError: no"; echo "Rank3 Task exit code: 1"; while :; do sleep 0.1; done`;
  expect(
    await ended(`FATAL='Rank[0-9]+ Task exit code: [1-9]' LAST_WORDS=0.1; run sh -c '${lives}'`),
  ).toMatchObject({
    code: 137,
    record: ['137', '0', 'node1', 'RuntimeError: no', expect.any(String)],
  });
});

const SGLANG = String.raw`^[^"']{0,120}(Subprocess [a-z_0-9]+ \(pid=[0-9]+\) crashed with exit code|SIGQUIT received[.] signum=)`;
const CRASHED =
  'Subprocess scheduler_0 (pid=3470) crashed with exit code -9. Triggering SIGQUIT for cleanup...';

test('a command that is about to kill itself has its end recorded at once', async () => {
  // As SGLang: five seconds of diagnosis, here until the record is there.
  const record = `"$ATTEMPT_DIR"/state/decode-0.0.exit`;
  run.program(
    'engine',
    `echo "2026-11-29T10:04:26Z ERROR watchdog._check_processes: ${CRASHED}"
until [ -e ${record} ]; do sleep 0.02; done
echo "2026-11-29T10:04:31Z ERROR tokenizer_manager.dump_requests_before_crash: No live scheduler processes found"
sed -n 2p ${record}; kill -KILL $$`,
  );
  const { record: last, log } = await ended(
    `FATAL='${SGLANG.replaceAll("'", String.raw`'\''`)}'; export ATTEMPT_DIR; run engine`,
  );
  expect(log.split('\n').at(-2)).toBe('137');
  expect(last).toEqual([
    '137',
    '0',
    'node1',
    `2026-11-29T10:04:26Z ERROR watchdog._check_processes: ${CRASHED}`,
    '4',
  ]);
});

test('what a request says is no end of its engine', async () => {
  const asked = `Receive: obj=GenerateReqInput(text="${CRASHED} SIGQUIT received. signum=3")`;
  run.program('engine', `echo '${asked}'; sleep 0.5; exit 4`);
  const { code } = await ended(
    `FATAL='${SGLANG.replaceAll("'", String.raw`'\''`)}'; LAST_WORDS=0; run engine`,
  );
  expect(code).toBe(4);
});

test('where no cgroup tells, the log of the kernel may name the step', async () => {
  const killed =
    'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/slurm/uid_1000/job_7,task_memcg=/slurm/uid_1000/job_7/step_2/task_0,task=python3,pid=3470,uid=1000';
  run.program('dmesg', `echo '[1.0] ${killed}'`);
  const inStep = (step: number) =>
    ended(`CGROUP=/dev/null SLURM_JOB_ID=7 SLURM_STEP_ID=${step}; run sh -c 'echo works; kill -KILL $$'`);
  expect((await inStep(2)).record).toEqual([
    '137',
    '0',
    'node1',
    'out of memory: the kernel killed a process here; the node had no more; last line: works',
    '6',
  ]);
  rmSync(join(run.dir, 'logs/decode-0.node1.log'));
  expect((await inStep(3)).record).toEqual(['137', '0', 'node1', 'works', '0']);
});

test('a command that says nothing of the kind, or ends by itself, is left alone', async () => {
  const says = `echo "Rank3 Task exit code: 0"; sleep 0.5; exit 4`;
  expect(
    await ended(`FATAL='Rank[0-9]+ Task exit code: [1-9]' LAST_WORDS=0.1; run sh -c '${says}'`),
  ).toMatchObject({
    code: 4,
    record: ['4', '0', 'node1', expect.any(String), expect.any(String)],
  });
});

test('of several tasks on a node the first that ends is recorded', async () => {
  const { record } = await ended(`SEVERAL=1
SLURM_LOCALID=3 record 9 0 first
SLURM_LOCALID=0 record 143 1 ''
compgen -G "$ATTEMPT_DIR/state/*.part" && exit 1
exit 0`);
  expect(record).toEqual(['9', '0', 'node1', 'first', '6']);
});

test('a program may be in a folder of administrators, and else is missing', async () => {
  // Debian has chroot and nginx in /usr/sbin.
  expect(await ended('PATH=/usr/bin:/bin; complete chroot /nowhere-at-all true')).toMatchObject({
    code: 125,
  });
  rmSync(join(run.dir, 'logs/decode-0.node1.log'));
  expect(await ended('PATH=/usr/bin:/bin; complete no-balancer')).toEqual({
    code: 1,
    record: ['1', '0', 'node1', 'no-balancer is not on the PATH of this node', '6'],
    log: 'dyn-slurm: no-balancer is not on the PATH of this node\n',
  });
});

const MEMORY = '/sys/fs/cgroup/memory';
/** Version 1, where one may make them; elsewhere the kernel's part is played by files. */
const cgroups = process.getuid?.() === 0 && existsSync(join(MEMORY, 'cgroup.procs'));

describe.skipIf(!cgroups)('in a cgroup with a limit', () => {
  const outer = cgroups ? mkdtempSync(join(MEMORY, 'dyn-slurm-test-')) : '';
  const inner = join(outer, 'task');
  if (cgroups) {
    mkdirSync(inner);
    writeFileSync(join(outer, 'memory.use_hierarchy'), '1');
    writeFileSync(join(outer, 'memory.limit_in_bytes'), String(64 << 20));
  }
  afterAll(() => {
    for (const folder of [inner, outer]) rmdirSync(folder);
  });

  const why = 'out of memory: the kernel killed a process here; its cgroup may have 64 MiB';
  const enter = `echo $BASHPID >${inner}/cgroup.procs`;

  test('a command that the kernel kills says so', async () => {
    expect(await ended(`${enter}\nrun tail /dev/zero`)).toEqual({
      code: 137,
      record: ['137', '0', 'node1', why, '6'],
      log: `dyn-slurm: ${why}\n`,
    });
  });

  test('so does one that ends because its child was killed', async () => {
    expect(await ended(`${enter}\nrun sh -c 'tail /dev/zero; echo "scheduler died"; exit 1'`)).toEqual({
      code: 1,
      record: ['1', '0', 'node1', `${why}; last line: scheduler died`, '6'],
      log: `Killed\nscheduler died\ndyn-slurm: ${why}; last line: scheduler died\n`,
    });
  });

  test('one that was killed by somebody else does not', async () => {
    expect((await ended(`${enter}\nrun sh -c 'kill -KILL $$'`)).record).toEqual([
      '137',
      '0',
      'node1',
      '',
      '0',
    ]);
  });
});

describe('version 2 of the cgroups', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'dyn-slurm-cgroup-'));
  });

  /** Of a task in /job_1/task_0, where there is no hierarchy of version 1. */
  function cgroup(files: Readonly<Record<string, string>>): void {
    mkdirSync(join(root, 'job_1/task_0'), { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text);
  }

  const said = async (lines: string) => {
    const { out, err } = await run.inTask(`CGROUPS=${root}\n${lines}`);
    return out + err;
  };

  test('kills are counted, and the least limit counts', async () => {
    cgroup({
      'job_1/task_0/memory.events': 'low 0\nhigh 0\nmax 31\noom 1\noom_kill 2\n',
      'job_1/task_0/memory.max': 'max\n',
      'job_1/memory.max': '1073741824\n',
    });
    expect(await said(`kills_in ${root}/job_1/task_0; memory_of ${root}/job_1/task_0`)).toBe(
      '2\nits cgroup may have 1024 MiB',
    );
  });

  test('without a limit it was the node', async () => {
    cgroup({ 'job_1/task_0/memory.max': 'max\n', 'job_1/memory.max': 'max\n' });
    expect(await said(`memory_of ${root}/job_1/task_0`)).toBe('the node had no more');
  });

  /** Whether the kernel ended one of the task's processes after it had counted none, by the word of its cgroup. */
  async function short(path: string, grade: number): Promise<string> {
    writeFileSync(join(root, 'own'), `0::${path}\n`);
    const lines = `CGROUP=${root}/own CAUSE_GRADE=${grade}
was_short_of_memory "$(memory_cgroup)" "$KILLS" && echo short`;
    return [await said(`KILLS=0; ${lines}`), await said(`KILLS=''; ${lines}`)].join('');
  }

  const KILLED = { 'job_1/step_0/memory.events': 'oom_kill 1\n' };

  test('a task that has no cgroup with a counter has its step’s, but no other step’s', async () => {
    mkdirSync(join(root, 'job_1/step_0/user/task_0'), { recursive: true });
    cgroup({ ...KILLED, 'job_1/memory.events': 'oom_kill 5\n' });
    expect(await short('/job_1/step_0/user/task_0', 6)).toBe('short\n');
    rmSync(join(root, 'job_1/step_0/memory.events'));
    expect(await short('/job_1/step_0/user/task_0', 0)).toBe('');
  });

  test('a cgroup that all jobs share says nothing where the log names a cause', async () => {
    mkdirSync(join(root, 'slurmd.service'));
    cgroup({ 'slurmd.service/memory.events': 'oom_kill 3\n' });
    expect(await short('/slurmd.service', 4)).toBe('short\n');
    expect(await short('/slurmd.service', 6)).toBe('');
  });

  test('a counter that could not be read, or no longer can, says nothing', async () => {
    mkdirSync(join(root, 'job_1/step_0/task_0'), { recursive: true });
    expect(await short('/job_1/step_0/task_0', 0)).toBe('');
  });

  test('no cgroup is no kill', async () => {
    expect(await said('kills_in "$(memory_cgroup)"')).toBe('');
  });
});
