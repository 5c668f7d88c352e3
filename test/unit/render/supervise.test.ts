import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
  // A step in place of srun: it ends as told by a file, or on SIGUSR2, and leaves the record that task.sh would.
  run.program(
    'step',
    `
name=$1
record() { printf '%s\\n' "$(date +%s%3N)" "$1" "$2" node1 "$3" >"$RUN_DIR"/state/$name.0.exit; }
trap 'record 143 1; exit 1' USR2
: >"$RUN_DIR"/heeds-$name
while [ ! -e "$RUN_DIR"/end-$name ]; do sleep 0.02; done
read code <"$RUN_DIR"/end-$name
rm "$RUN_DIR"/end-$name
record "$code" 0 "its last words"
exit 1`,
  );
});
afterEach(() => run.dispose());

const START = `
trap 'stop worker frontend etcd; event verdict outcome="$OUTCOME" reason="$REASON" seconds:=0' EXIT
NODE=(node0 node1) DEADLINE=60 LEASE=0 GRACE=2 DRAIN_TIME=5 DELAYS=(0 0 0)
start() { launch "$1" "$2" "$3" end 1 -- step "$1"; until [[ -e $RUN_DIR/heeds-$1 ]]; do sleep 0.02; done; }
policy() { STEP_POLICY[decode-0]=$1 STEP_POLICY[decode-1]=$1; }
fail() { echo "$2" >"$RUN_DIR/end" && mv "$RUN_DIR/end" "$RUN_DIR/end-$1"; while alive "$1"; do sleep 0.02; done; check_steps; }
settle() { until [[ \${STEP_STATE[decode-0]} == up ]]; do sleep 0.02; check_steps; done; }
service_answers() { return 0; }
recovering_are_seen() { return 0; }
start etcd etcd ''; start decode-0 worker decode; start decode-1 worker decode
READY=1 WHOLE=1 OPEN=1
`;

/** The events of the run after the start of its steps, without their times. */
async function supervised(lines: string) {
  await run.bash(`${START}${lines}`);
  return run
    .events()
    .slice(3)
    .map(({ time: _, ...event }) => event);
}

const END = { step: 'decode-0', role: 'decode', node: 'node1', rank: 0, line: 'its last words' };

test('a step that ends, with whatever code, ends the job', async () => {
  expect(await supervised('fail decode-0 0')).toEqual([
    { kind: 'verdict', outcome: 'failed', reason: 'decode-0 on node1 exited with code 0', seconds: 0 },
  ]);
});

test('a worker that may be lost is done without, but not the last one', async () => {
  expect(await supervised('policy degrade; fail decode-0 139; fail decode-1 1')).toEqual([
    {
      kind: 'degraded',
      reason: 'decode-0 on node1 was killed by SIGSEGV',
      ...END,
      signal: 'SEGV',
      have: 1,
      want: 2,
      missing: ['decode-0'],
    },
    {
      kind: 'verdict',
      outcome: 'failed',
      reason: 'decode-1 on node1 exited with code 1; no decode worker is left',
      seconds: 0,
    },
  ]);
});

test('infrastructure may not be lost', async () => {
  expect(await supervised('policy restart=3,degrade; fail etcd 1')).toEqual([
    { kind: 'verdict', outcome: 'failed', reason: 'etcd on node1 exited with code 1', seconds: 0 },
  ]);
});

test('a worker is started again as often as it may, and recovers when the service answers', async () => {
  const events = await supervised(
    'policy restart=2; fail decode-0 3; settle; fail decode-0 4; settle; fail decode-0 5',
  );
  const restarting = { kind: 'worker-restarting', ...END, of: 2, delay: 0 };
  const started = { kind: 'step-started', step: 'decode-0', role: 'decode', nodes: ['node1'] };
  const recovered = { kind: 'recovered', step: 'decode-0', role: 'decode', seconds: expect.any(Number) };
  expect(events).toEqual([
    { ...restarting, reason: 'decode-0 on node1 exited with code 3', exit: 3, restart: 1 },
    started,
    { ...recovered, restart: 1 },
    { ...restarting, reason: 'decode-0 on node1 exited with code 4, after restart 1', exit: 4, restart: 2 },
    started,
    { ...recovered, restart: 2 },
    {
      kind: 'verdict',
      outcome: 'failed',
      reason: 'decode-0 on node1 exited with code 5, after restart 2',
      seconds: 0,
    },
  ]);
});

test('a worker that does not come back in time is lost again', async () => {
  const lines = 'policy restart=1; service_answers() { return 1; }; DEADLINE=0; fail decode-0 3; settle';
  expect((await supervised(lines)).at(-1)).toMatchObject({
    outcome: 'failed',
    reason: 'decode-0 is not ready 0 s after its restart, after restart 1',
  });
});

test('a node that failed takes its worker with it for good', async () => {
  const lines = `policy restart=3; policy degrade
echo 'srun: error: Node failure on node1' >>"$ATTEMPT_DIR/state/decode-0.srun"
kill -KILL "\${STEP_PID[decode-0]}"; while alive decode-0; do sleep 0.02; done; check_steps`;
  expect((await supervised(lines))[0]).toMatchObject({
    kind: 'degraded',
    reason: 'node1 failed, and decode-0 with it',
    node: 'node1',
    line: 'srun: error: Node failure on node1',
    missing: ['decode-0'],
  });
});

test('what a command has started ends alone until it serves, and by its policy from then on', async () => {
  const asked = 'STEP_STATE[decode-0]=back STEP_ASKED[decode-0]=1 STEP_UNTIL[decode-0]=$NEVER';
  const again =
    'names=(decode-0) changes=(""); start_named; until [[ -e $RUN_DIR/heeds-decode-0 ]]; do sleep 0.02; done';
  const lines = `${asked}; fail decode-0 1; rm "$RUN_DIR/heeds-decode-0"; REFUSAL=''; ${again}; step_serves decode-0; fail decode-0 2`;
  expect(await supervised(lines)).toEqual([
    { kind: 'step-ended', reason: 'decode-0 on node1 exited with code 1', ...END, exit: 1 },
    { kind: 'step-started', step: 'decode-0', role: 'decode', nodes: ['node1'] },
    { kind: 'step-serving', step: 'decode-0', role: 'decode', seconds: expect.any(Number) },
    { kind: 'verdict', outcome: 'failed', reason: 'decode-0 on node1 exited with code 2', seconds: 0 },
  ]);
});

test('a drain is a command, too', async () => {
  const command =
    'printf "%s\\n" drain "from me" end >"$RUN_DIR/commands/00000000000001-abc.command"; chmod 600 "$RUN_DIR"/commands/*';
  const events = await supervised(`mkdir "$RUN_DIR/commands"; ${command}; check_steps`);
  expect(events).toEqual([
    { kind: 'command', command: '00000000000001-abc', verb: 'drain', steps: [], from: 'me' },
    {
      kind: 'answer',
      command: '00000000000001-abc',
      outcome: 'done',
      reason: 'requests under way are answered, and the job ends',
    },
    { kind: 'draining', reason: 'drained by me' },
    { kind: 'verdict', outcome: 'succeeded', reason: 'drained by me', seconds: 0 },
  ]);
});

test('steps that were told to end from outside end the job as cancelled', async () => {
  const lines =
    'policy degrade; kill -USR2 "${STEP_PID[decode-0]}"; while alive decode-0; do sleep 0.02; done; check_steps';
  expect(await supervised(lines)).toEqual([
    {
      kind: 'verdict',
      outcome: 'cancelled',
      reason: "the job's steps were ended by a signal from outside the job",
      seconds: 0,
    },
  ]);
});

test.each([
  ['cancelled', 'cancelled', ''],
  ['succeeded', 'the rehearsal passed', ': >"$RUN_DIR/state/passed"; '],
])(
  'a job that Slurm has ended has %s before the signal reaches its shell',
  async (outcome, reason, before) => {
    run.file(
      'job.log',
      'slurmstepd-node1: error: *** JOB 42 ON node1 CANCELLED AT 2025-11-24T07:01:43 ***\n',
    );
    run.program('scontrol', 'echo "JobId=42 Requeue=0 Restarts=0"');
    const told = 'kill -USR2 "${STEP_PID[decode-0]}"; while alive decode-0; do sleep 0.02; done; check_steps';
    expect(await supervised(`SLURM_JOB_ID=42 JOB_LOG_START=1; ${before}${told}`)).toEqual([
      { kind: 'verdict', outcome, reason, seconds: 0 },
    ]);
  },
);

test('a monitor that ends is a warning', async () => {
  const lines = 'start gpu monitor ""; fail gpu 127; check_steps; check_steps; end succeeded x';
  expect((await supervised(lines)).slice(1)).toEqual([
    {
      kind: 'warning',
      step: 'gpu',
      node: 'node1',
      reason: 'gpu on node1 exited with code 127: its last words',
    },
    { kind: 'verdict', outcome: 'succeeded', reason: 'x', seconds: 0 },
  ]);
});

test('a monitor that ends is one warning, although its srun ends later', async () => {
  const record = `printf '%s\\n' "$(date +%s%3N)" 127 0 node1 'not found' >"$RUN_DIR/state/gpu.0.exit"`;
  const ends = 'kill -KILL "${STEP_PID[gpu]}"; while alive gpu; do sleep 0.02; done';
  const lines = `start gpu monitor ""; ${record}; check_steps; ${ends}; check_steps; check_steps; end succeeded x`;
  expect((await supervised(lines)).slice(1)).toEqual([
    {
      kind: 'warning',
      step: 'gpu',
      node: 'node1',
      reason: 'gpu on node1 exited with code 127: not found',
    },
    { kind: 'verdict', outcome: 'succeeded', reason: 'x', seconds: 0 },
  ]);
});

test('the time limit ends the job once its frontends have ended', async () => {
  expect((await supervised('start frontend-0 frontend ""; DRAIN=1; check_steps')).slice(1)).toEqual([
    { kind: 'draining', reason: 'the time limit is near' },
    { kind: 'verdict', outcome: 'timeout', reason: 'served until the time limit', seconds: 0 },
  ]);
  expect((await supervised('READY=0; DRAIN=1; check_steps')).at(-1)).toMatchObject({
    outcome: 'timeout',
    reason: 'the time limit came before the service was ready',
  });
});

test.each([
  ['', 'cancelled', 'cancelled'],
  [' DUE to SIGNAL Terminated', 'cancelled', 'cancelled'],
  [' DUE TO TIME LIMIT', 'timeout', 'served until the time limit'],
  [' DUE TO PREEMPTION', 'cancelled', 'preempted by a job of higher priority'],
  [' DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS', 'failed', 'node7, node9 failed'],
])('what Slurm says when it ends a job%s', async (words, outcome, reason) => {
  const said = `error: *** JOB 42 ON node1 CANCELLED AT 2025-11-24T07:01:43${words} ***\n`;
  run.file('job.log', `slurmstepd-node1: ${said}`);
  run.file('state/etcd.srun', 'srun: error: Node failure on node[7,9]\nsrun: error: Node failure on node7\n');
  run.program(
    'scontrol',
    'case $2 in hostnames) printf "node7\\nnode9\\n" ;; *) echo "JobId=42 Requeue=0 Restarts=0" ;; esac',
  );
  expect((await supervised('SLURM_JOB_ID=42 JOB_LOG_START=1; on_sigterm')).at(-1)).toMatchObject({
    outcome,
    reason,
  });
  // As of 26.05.
  run.file('job.log', `[2025-11-24T07:01:43.468] ${said}`);
  expect((await supervised('SLURM_JOB_ID=42 JOB_LOG_START=1; on_sigterm')).at(-1)).toMatchObject({
    outcome,
    reason,
  });
});

test('a job that Slurm starts again is requeued', async () => {
  run.file(
    'job.log',
    'slurmstepd-node1: error: *** JOB 42 ON node1 CANCELLED AT 2025-11-24T07:01:43 DUE TO PREEMPTION ***\n',
  );
  run.program('scontrol', 'echo "JobId=42 Requeue=1 Restarts=1"');
  mkdirSync(join(run.dir, 'env'));
  run.file('env/decode-0.secrets', 'HF_TOKEN=x\n');
  run.file('state/credentials', 'p\n');
  const events = await supervised(
    'LOCAL=/nowhere SLURM_JOB_ID=42 JOB_LOG_START=1; trap finish EXIT; on_sigterm',
  );
  expect(events).toEqual([
    { kind: 'teardown', outcome: 'cancelled', reason: 'preempted by a job of higher priority' },
    { kind: 'requeued', reason: 'preempted by a job of higher priority', seconds: expect.any(Number) },
  ]);
  // Its next attempt needs what the config gave, and makes passwords of its own.
  expect(
    ['env/decode-0.secrets', 'state/credentials'].map((file) => existsSync(join(run.dir, file))),
  ).toEqual([true, false]);
});

describe('whether Slurm starts a preempted job again', () => {
  const words = 'error: *** JOB 42 ON node1 CANCELLED AT 2025-11-24T07:01:43 DUE TO PREEMPTION ***';
  const preempted = 'LOCAL=/nowhere SLURM_JOB_ID=42 JOB_LOG_START=1; trap finish EXIT; on_sigterm';
  const reason = 'preempted by a job of higher priority';

  test('a controller that answers after the teardown is heard, and not waited for before', async () => {
    run.file('job.log', `slurmstepd-node1: ${words}\n`);
    run.program('scontrol', 'until [ -e "$RUN_DIR/torn" ]; do sleep 0.02; done; echo "JobId=42 Restarts=1"');
    const events = await supervised(`tear_down() { stop worker etcd; : >"$RUN_DIR/torn"; }; ${preempted}`);
    expect(events).toEqual([
      { kind: 'teardown', outcome: 'cancelled', reason },
      { kind: 'requeued', reason, seconds: expect.any(Number) },
    ]);
  });

  test.each([
    ['requeue', 'requeued'],
    ['no-requeue', 'verdict'],
  ])('a controller that never answers: the job was submitted with --%s', async (directive, kind) => {
    run.file('job.log', `slurmstepd-node1: ${words}\n`);
    run.file('job.sbatch', `#!/bin/bash\n#SBATCH --${directive}\n`);
    run.program('scontrol', 'exec >/dev/null; while [ -e "$0" ]; do sleep 0.1; done');
    expect((await supervised(`ANSWER=1; ${preempted}`)).at(-1)).toMatchObject({ kind, reason });
  });
});

test.each([
  [
    'a container that does not start',
    `pyxis: importing docker image: x
slurmstepd-node1: error: pyxis: container start failed with error code: 1
slurmstepd-node1: error: pyxis: printing enroot log file:
slurmstepd-node1: error: pyxis:     [ERROR] No such file or directory: /images/x.sqsh
slurmstepd-node1: error: pyxis: couldn't start container
srun: error: node1: task 0: Exited with exit code 1`,
    'slurmstepd-node1: error: pyxis:     [ERROR] No such file or directory: /images/x.sqsh',
  ],
  [
    'a step that is killed',
    'slurmstepd-node1: error: *** STEP 5.3 ON node1 CANCELLED AT 2025-11-24T07:01:43 ***\nsrun: error: node1: task 0: Killed',
    'slurmstepd-node1: error: *** STEP 5.3 ON node1 CANCELLED AT 2025-11-24T07:01:43 ***',
  ],
  [
    'a container that does not start, in 26.05',
    `srun: error: node1: task 0: Exited with exit code 1
[2026-11-24T10:06:12.378] error: pyxis: failed to create container filesystem from /none.sqsh: No such file or directory
[2026-11-24T10:06:12.378] error: spank_user failed.
srun: error: task 0 launch failed: Slurmd could not execve job`,
    '[2026-11-24T10:06:12.378] error: pyxis: failed to create container filesystem from /none.sqsh: No such file or directory',
  ],
  [
    'a step that cannot be made',
    'srun: error: Unable to create step for job 12: Invalid Trackable RESource (TRES) specification',
    'srun: error: Unable to create step for job 12: Invalid Trackable RESource (TRES) specification',
  ],
])('srun’s words on %s', async (_, said, line) => {
  run.file('state/decode-0.srun', `${said}\n`);
  expect((await run.bash('srun_line decode-0; echo "$CAUSE_LINE"')).out.trim()).toBe(line);
});

test.each([
  [
    'what a site always prints is passed over',
    `slurmstepd: error: Could not run slurm task_prolog [/etc/slurm/taskprolog.sh]: No such file or directory
slurmstepd: error: TMPDIR [/scratch-local/user] is not writeable
slurmstepd: error: Setting TMPDIR to /tmp
slurmstepd: error: execve(): bash: No such file or directory
srun: error: node2: task 0: Exited with exit code 2`,
    'slurmstepd: error: execve(): bash: No such file or directory',
    'node2',
  ],
  [
    'a kill that none of its tasks died of',
    `slurmstepd: error: Detected 1 oom_kill event in StepId=440575.0. Some of the step tasks have been OOM Killed.
slurmstepd: error: pyxis: couldn't start container
srun: error: node3: task 1: Exited with exit code 1`,
    "slurmstepd: error: pyxis: couldn't start container",
    'node3',
  ],
  [
    'a node that does not answer',
    `srun: error: slurm_receive_msgs: [[node2.example.org]:6818] failed: Socket timed out on send/recv operation
srun: error: Task launch for StepId=96.0 failed on node node3: No such process
srun: error: Task launch for StepId=96.0 failed on node node2: Socket timed out on send/recv operation
srun: error: Application launch failed: Socket timed out on send/recv operation
srun: Job step aborted`,
    'srun: error: slurm_receive_msgs: [[node2.example.org]:6818] failed: Socket timed out on send/recv operation',
    'node2',
  ],
])('why a step did not start: %s', async (_, said, line, node) => {
  run.file('state/decode-0.srun', `${said}\n`);
  const { out } = await run.bash(
    `STEP_HOSTS[decode-0]='node2 node3'; srun_line decode-0; echo "$CAUSE_LINE"; node_said decode-0 "$CAUSE_LINE"`,
  );
  expect(out).toBe(`${line}\n${node}`);
});

test('a rank that only suffered gives way to the one that failed', async () => {
  const peer = 'RuntimeError: NCCL error: remote process exited or there was a network error';
  const oom = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.';
  run.file(
    'logs/decode-0.node3.log',
    `${oom}\n[2026-04-21 04:13:43] Received sigquit from a child process.\n`,
  );
  run.file('state/decode-0.0.exit', `1000\n1\n0\nnode2\n${peer}\n2\n`);
  const { out } = await run.bash(
    `ATTEMPT_DIR=$RUN_DIR; STEPS=(decode-0) STEP_STATE[decode-0]=up STEP_ROLE[decode-0]=decode STEP_KIND[decode-0]=worker
STEP_HOSTS[decode-0]='node2 node3'; first_end; echo "$REASON|\${CAUSE[node]}|\${CAUSE[rank]}|\${CAUSE[line]}"`,
  );
  expect(out).toBe(`decode-0 on node2 exited with code 1, after rank 1 on node3 had failed|node3|1|${oom}\n`);
});

describe('a worker that ended without a cause of its own', () => {
  const OOM = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.';
  const FAREWELL = '[2026-04-21 04:13:43] Received sigquit from a child process.';
  const DECODE = `[2026-04-21 04:13:44 TP0] Decode batch. #running-req: 1, gen throughput (token/s): 9`;

  /** What is said of decode-0, whose record has this line and grade, beside a log of prefill-0 that lives or is ending. */
  async function blamed(line: string, grade: number, prefill: readonly string[]): Promise<string> {
    run.file('logs/prefill-0.node3.log', `${prefill.join('\n')}\n`);
    run.file('state/decode-0.0.exit', `1000\n1\n0\nnode2\n${line}\n${grade}\n`);
    const { out } = await run.bash(
      `ATTEMPT_DIR=$RUN_DIR; STEPS=(etcd decode-0 prefill-0) STEP_STATE=([etcd]=up [decode-0]=up [prefill-0]=up)
STEP_ROLE=([decode-0]=decode [prefill-0]=prefill) STEP_KIND=([etcd]=etcd [decode-0]=worker [prefill-0]=worker)
STEP_HOSTS=([etcd]='node1' [decode-0]='node2' [prefill-0]='node3')
first_end; echo "$REASON|\${CAUSE[step]} \${CAUSE[node]} \${CAUSE[rank]}|\${CAUSE[line]}"`,
    );
    return out.trim();
  }

  const LOST = 'RuntimeError: [pair.cc:525] Read error [10.0.0.4]:5519: Connection reset by peer';
  const FIRST = `decode-0 on node2 exited with code 1|decode-0 node2 0|`;
  const OTHER = `decode-0 on node2 exited with code 1, after prefill-0 on node3 had failed|prefill-0 node3 0|${OOM}`;

  test('gives way to another worker whose engine failed, though that has not ended yet', async () => {
    expect(await blamed(LOST, 2, [OOM, FAREWELL])).toBe(OTHER);
  });

  test('keeps the blame where the other goes on working', async () => {
    expect(await blamed(LOST, 2, [OOM, FAREWELL, DECODE, DECODE, DECODE])).toBe(`${FIRST}${LOST}`);
    expect(await blamed(LOST, 2, [OOM, DECODE])).toBe(`${FIRST}${LOST}`);
  });

  test('keeps it where it has an error of its own', async () => {
    expect(await blamed('ValueError: its own', 3, [OOM, FAREWELL])).toBe(`${FIRST}ValueError: its own`);
  });
});

test('of two workers, the one that ended first by the head node’s clock is to blame', async () => {
  run.file('state/decode-0.0.exit', '5000\n1\n0\nnode2\nValueError: later\n3\n');
  run.file('state/prefill-0.1.exit', '9000\n1\n0\nnode3\nValueError: first\n3\n');
  const { out } = await run.bash(
    `ATTEMPT_DIR=$RUN_DIR; STEPS=(decode-0 prefill-0) STEP_STATE=([decode-0]=up [prefill-0]=up) AHEAD=([node3]=6000)
STEP_ROLE=([decode-0]=decode [prefill-0]=prefill) STEP_HOSTS=([decode-0]='node2' [prefill-0]='node4 node3')
first_end; echo "$REASON|\${CAUSE[rank]}|\${CAUSE[line]}"`,
  );
  expect(out).toBe('prefill-0 on node3 exited with code 1|1|ValueError: first\n');
});

test.each([
  ['an engine that ends itself', '3', 'ValueError: no', 'failed and ended itself'],
  ['one that somebody kills', '0', 'works', 'was killed by SIGKILL'],
  [
    'the kernel',
    '6',
    'out of memory: the kernel killed a process here; the node had no more',
    'was killed by SIGKILL',
  ],
])('SIGKILL from %s', async (_, grade, line, how) => {
  run.file('state/decode-0.0.exit', `1000\n137\n0\nnode2\n${line}\n${grade}\n`);
  const { out } = await run.bash(
    `ATTEMPT_DIR=$RUN_DIR; STEPS=(decode-0) STEP_STATE[decode-0]=up STEP_ROLE[decode-0]=decode STEP_HOSTS[decode-0]='node2'; first_end; echo "$REASON"`,
  );
  expect(out).toBe(`decode-0 on node2 ${how}\n`);
});
