import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
  // A step in place of srun: it ends as told by a file, or on SIGUSR2, and leaves the record that task.sh would.
  run.program(
    'step',
    `
name=\${1##*/} name=\${name%.sh}
record() { printf '%s\\n' "$(date +%s%3N)" "$1" "$2" node1 "$3" >"$RUN_DIR"/state/$name.0.exit; }
trap 'record 143 1; exit 1' USR2
echo "$1" >>"$RUN_DIR"/ran
: >"$RUN_DIR"/heeds-$name
while [ ! -e "$RUN_DIR"/end-$name ]; do sleep 0.02; done
read code <"$RUN_DIR"/end-$name
rm "$RUN_DIR"/end-$name
record "$code" 0 "its last words"
exit 1`,
  );
  run.program('scancel', `echo "scancel $*" >>"$RUN_DIR"/slurm`);
});
afterEach(() => run.dispose());

const STEPS = [
  'etcd etcd "" end',
  'frontend-0 frontend "" keep',
  'decode-0 worker decode keep',
  'decode-1 worker decode keep',
];
const START = `
mkdir -p "$RUN_DIR/commands"
trap 'stop worker frontend etcd; event verdict outcome="$OUTCOME" reason="$REASON" seconds:=0; end_allocation' EXIT
WHAT=session OWNED=borrowed
NODE=(node0 node1) SLURM_JOB_ID=42 DEADLINE=60 LEASE=0 GRACE=2 DRAIN_TIME=5
heeds() { until [[ -e $RUN_DIR/heeds-$1 ]]; do sleep 0.02; done; }
# A step that does not heed its signals yet dies of them without a word.
eval "really_$(declare -f start_step)"
start_step() {
  rm -f "$RUN_DIR/heeds-$1"
  really_start_step "$1"
  until [[ -e $RUN_DIR/heeds-$1 ]] || ! alive "$1"; do sleep 0.02; done
}
fail() { echo "$2" >"$RUN_DIR/end-$1"; while alive "$1"; do sleep 0.02; done; check_steps; }
tell() {
  printf '%s\n' "$2" "from $3" >"$RUN_DIR/commands/told"
  for step in "\${@:4}"; do echo "step $step" >>"$RUN_DIR/commands/told"; done
  echo end >>"$RUN_DIR/commands/told"
  mv "$RUN_DIR/commands/told" "$RUN_DIR/commands/0000000000000$1-abc.command"
}
service_answers() { return 1; }
${STEPS.map((step) => `launch ${step} 1 -- step ${step.split(' ')[0]}\n`).join('')}
OPEN=1
`;

/** The events after the start of the session's steps, without their times. */
async function session(lines: string) {
  const { err } = await run.bash(`${START}${lines}`);
  expect(err).toBe('');
  return run
    .events()
    .slice(STEPS.length)
    .map(({ time: _, ...event }) => event);
}

const END = { step: 'decode-0', role: 'decode', node: 'node1', rank: 0, line: 'its last words' };
const ended = (reason: string) => ({ kind: 'verdict', outcome: 'succeeded', reason, seconds: 0 });
const idOf = (id: string) => `0000000000000${id}-abc`;
const command = (id: string, verb: string, ...steps: string[]) => ({
  kind: 'command',
  command: idOf(id),
  verb,
  steps,
  from: 'me',
});
const answer = (id: string, outcome: string, reason: string) => ({
  kind: 'answer',
  command: idOf(id),
  outcome,
  reason,
});
const started = { kind: 'step-started', step: 'decode-0', role: 'decode', nodes: ['node1'] };
const stopped = { kind: 'step-stopped', step: 'decode-0', role: 'decode' };

test('a worker’s end is news, and the session goes on without it', async () => {
  expect(await session('fail decode-0 139; check_steps; end succeeded x')).toEqual([
    { kind: 'step-ended', reason: 'decode-0 on node1 was killed by SIGSEGV', ...END, signal: 'SEGV' },
    ended('x'),
  ]);
});

test('a worker that was started again may end again', async () => {
  const events = await session(
    'fail decode-0 1; tell 1 start me decode-0; check_steps; heeds decode-0; fail decode-0 2; end succeeded x',
  );
  expect(events).toEqual([
    { kind: 'step-ended', reason: 'decode-0 on node1 exited with code 1', ...END, exit: 1 },
    command('1', 'start', 'decode-0'),
    started,
    answer('1', 'done', 'start'),
    { kind: 'step-ended', reason: 'decode-0 on node1 exited with code 2', ...END, exit: 2 },
    ended('x'),
  ]);
});

test('etcd’s end is that of the session, whose nodes stay for another try', async () => {
  expect((await session('fail etcd 1')).at(-1)).toMatchObject({
    outcome: 'failed',
    reason: 'etcd on node1 exited with code 1',
  });
  expect((await run.bash('cat "$RUN_DIR/slurm"')).out).toBe('');
});

test('a step that somebody else told to end is told of', async () => {
  const lines =
    'kill -USR2 "${STEP_PID[decode-0]}"; while alive decode-0; do sleep 0.02; done; check_steps; end succeeded x';
  expect((await session(lines))[0]).toEqual({
    kind: 'step-ended',
    reason: 'decode-0 was ended by a signal from outside the session',
    step: 'decode-0',
    role: 'decode',
    node: 'node1',
  });
});

test('what ends because its lease ran out did not crash', async () => {
  const [event] = await session('AWAY_FROM[decode-0]=$SECONDS; fail decode-0 0; end succeeded x');
  expect(event).toMatchObject({
    kind: 'step-ended',
    reason: expect.stringMatching(
      /^decode-0 on node1 exited with code 0, \d+ s after its registration in etcd was lost$/,
    ),
  });
});

test('a worker without registration is left to whoever debugs it, and an etcd that stands still is not', async () => {
  const lines =
    'AWAY_FROM[decode-0]=-99; SHORT_FROM[decode]=-99 SHORT_TOLD[decode]="1 2"; check_health_limits 60';
  expect(await session(`${lines}; alive decode-0 && end succeeded x`)).toEqual([ended('x')]);
});

test('an etcd that stands still for too long ends the session', async () => {
  expect((await session('SILENT_FROM=-60; check_health_limits 60')).at(-1)).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(/^etcd has not answered for \d+ s, although its process runs$/),
  });
});

test('commands are obeyed in the order of their names, once they are whole', async () => {
  const events = await session(`
tell 2 stop me decode-0
tell 1 restart me decode-0
check_steps
heeds decode-0
end succeeded x`);
  expect(events).toEqual([
    command('1', 'restart', 'decode-0'),
    stopped,
    started,
    answer('1', 'done', 'restart'),
    command('2', 'stop', 'decode-0'),
    stopped,
    answer('2', 'done', 'stop'),
    ended('x'),
  ]);
});

test('a release does not wait for the command that is being obeyed', async () => {
  const lines = 'BUSY=1; tell 1 stop me decode-0; tell 2 release me; check_steps';
  expect(await session(lines)).toEqual([
    command('2', 'release'),
    answer('2', 'done', 'the session ends'),
    ended('released by me'),
  ]);
});

test.each([
  ['owned', 'scancel 42\n'],
  ['borrowed', ''],
])('nodes that are %s after a release', async (owned, slurm) => {
  await session(`OWNED=${owned}; tell 1 release me; check_steps`);
  expect((await run.bash('[[ ! -e $RUN_DIR/slurm ]] || cat "$RUN_DIR/slurm"')).out).toBe(slurm);
});

test.each([
  ['start me decode-0', 'decode-0 runs already; restart it'],
  ['restart me decode-0 decode-7', 'there is no step decode-7'],
  ['stop me etcd', 'etcd belongs to the session itself'],
  ['restart me "decode-0 ab12cd"', 'there is no change ab12cd of decode-0'],
])('refused: %s', async (told, reason) => {
  const events = await session(`tell 1 ${told}; check_steps; end succeeded x`);
  expect(events.slice(1)).toEqual([answer('1', 'refused', reason), ended('x')]);
});

test('a changed command is kept until it is changed back', async () => {
  const events = await session(`
mkdir -p "$RUN_DIR/commands/changes/ab12cd" && : >"$RUN_DIR/commands/changes/ab12cd/decode-0.sh"
again() { tell "$1" restart me "$2"; check_steps; heeds decode-0; }
again 1 'decode-0 ab12cd'; again 2 decode-0; again 3 'decode-0 none'
end succeeded x`);
  expect(events.filter(({ kind }) => kind === 'step-changed')).toEqual([
    { kind: 'step-changed', step: 'decode-0', change: 'ab12cd' },
    { kind: 'step-changed', step: 'decode-0', change: 'none' },
  ]);
  const { out } = await run.bash('grep decode-0 "$RUN_DIR/ran"');
  expect(out.split('\n')).toEqual([
    'decode-0',
    `${run.dir}/commands/changes/ab12cd/decode-0.sh`,
    `${run.dir}/commands/changes/ab12cd/decode-0.sh`,
    'decode-0',
    '',
  ]);
});

test('a command that an earlier supervisor was at is refused', async () => {
  const events = await session(
    `: >"$RUN_DIR/commands/${idOf('7')}.taken"; refuse_taken; refuse_taken; end succeeded x`,
  );
  expect(events).toEqual([
    answer('7', 'refused', 'the supervisor ended while it was at it; see what runs'),
    ended('x'),
  ]);
});

const LOOK = 'until [[ -n $LIMIT_SEEN ]]; do watch_limit; sleep 0.02; done; watch_limit';
const squeue = (left: number | string) =>
  run.program('squeue', typeof left === 'number' ? `echo $(($(date +%s) + ${left}))` : left);

test('near its time limit the session drains, and gives its nodes back', async () => {
  squeue(30);
  expect(await session(`OWNED=owned READY=1; ${LOOK}; check_steps`)).toEqual([
    { kind: 'draining', reason: 'the time limit is near' },
    { kind: 'verdict', outcome: 'timeout', reason: 'served until the time limit', seconds: 0 },
  ]);
  expect((await run.bash('cat "$RUN_DIR/slurm"')).out).toBe('scancel 42\n');
});

test.each([
  ['far away', 600],
  ['none', 'echo N/A'],
  ['unknown', 'exit 1'],
])('a time limit that is %s', async (_, left) => {
  squeue(left);
  expect(await session(`${LOOK}; check_steps; end succeeded x`)).toEqual([ended('x')]);
});

test('a time limit is asked for again before it counts, for it may have been moved', async () => {
  squeue(600);
  const near = 'LIMIT=$(($(date +%s) + 20)) LIMIT_AT=-20 LIMIT_SEEN=-20; watch_limit; LIMIT_SEEN=""';
  expect(await session(`${near}; ${LOOK}; check_steps; end succeeded x`)).toEqual([ended('x')]);
  // Without an answer the one before counts.
  squeue('exit 1');
  expect((await session(`${near}; ${LOOK}; check_steps`)).at(-1)).toMatchObject({ outcome: 'timeout' });
});

test.each([
  ['dance\nfrom me\nend\n', 'there is no command dance'],
  ['stop\nfrom me\nstep decode-1\n', 'the command is not whole'],
  ['stop\nme\nstep decode-1\nend\n', 'the command does not say whom it is from'],
  ['stop\nfrom me\ndecode-1\nend\n', 'the command has a line that says nothing: decode-1'],
  [
    'stop\nfrom me\nstep decode-1; reboot\nend\n',
    'the command has a line that says nothing: step decode-1; reboot',
  ],
  ['stop\nfrom $(reboot)\nstep decode-1\nend\n', 'the command does not say whom it is from'],
  ['', 'the command is not whole'],
])('refused, and run in no way: %j', async (text, reason) => {
  run.file('told', text);
  const events = await session(
    `mv "$RUN_DIR/told" "$RUN_DIR/commands/${idOf('1')}.command"; chmod 600 "$RUN_DIR"/commands/*; check_steps; SECONDS=$((SECONDS + PART_TIME)); check_steps; check_steps; end succeeded x`,
  );
  expect(events).toEqual([answer('1', 'refused', reason), ended('x')]);
});

test.each(['', 'st', 'stop\n', 'stop\nfrom me\nstep dec', 'stop\nfrom me\nstep decode-9\nen'])(
  'a command is taken once its last line is there: %j before',
  async (part) => {
    const rest = 'stop\nfrom me\nstep decode-9\nend\n'.slice(part.length);
    run.file('part', part);
    run.file('rest', rest);
    const events = await session(`
      PART_TIME=600
      file=$RUN_DIR/commands/${idOf('1')}.command; (umask 077 && cat "$RUN_DIR/part" >"$file"); check_steps
      SECONDS=$((SECONDS + PART_TIME / 2)); check_steps; event line text=late
      cat "$RUN_DIR/rest" >>"$file"; check_steps; end succeeded x`);
    expect(events.map(({ kind }) => kind)).toEqual(['line', 'command', 'answer', 'verdict']);
    expect(events.at(2)).toEqual(answer('1', 'refused', 'there is no step decode-9'));
  },
);

test.each(['chmod 620', 'chmod 602', 'ln -sf /etc/hostname'])(
  'a command that others may have written is refused: %s',
  async (change) => {
    const events = await session(
      `tell 1 stop me decode-0; ${change} "$RUN_DIR/commands/${idOf('1')}.command"; check_steps; end succeeded x`,
    );
    const reason = "it is not a file of the run's owner that nobody else may write";
    expect(events).toEqual([answer('1', 'refused', reason), ended('x')]);
  },
);

test('a new supervisor takes over what runs, by its srun or else by its step, and needs Slurm to tell it of that', async () => {
  run.program('squeue', 'printf "42.3|decode-1\\n42.4|session\\n"');
  run.program('scontrol', 'printf "node0\\nnode1\\n"');
  const first = `
export SLURM_JOB_ID=42 SLURM_STEP_ID=4
enter_allocation node0,node1 owned
begin 60 60 5 0 /nowhere
trap - EXIT
NODE=(node0 node1)
printf '%s\\n' '10.0.0.1 10.0.0.2' '' 'eth0 eth0' 'node0 node1' 0 >"$RUN_DIR/state/bound"
launch decode-0 worker decode keep 0 -- bash -c 'exec >/dev/null; sleep 60; :' bash --job-name=decode-0 --overlap
launch decode-1 worker decode keep 1 -- true
launch decode-2 worker decode keep 1 -- true
save_state
echo "\${STEP_PID[decode-0]}" >"$RUN_DIR/pid"
kill -KILL $$`;
  await run.bash(first);
  const pid = (await run.bash('cat "$RUN_DIR/pid"')).out.trim();
  const second = `
export SLURM_JOB_ID=42 SLURM_STEP_ID=4
enter_allocation node0,node1 owned
begin 60 60 5 0 /nowhere
trap - EXIT
find_nodes 2 eth0
plan_step decode-0 worker decode keep 0 -- step decode-0
launch decode-1 worker decode keep 1 -- step decode-1
launch decode-2 worker decode keep 1 -- step decode-2
plan_step decode-3 worker decode keep 1 -- step decode-3
kill -KILL "\${STEP_PID[decode-0]}" "\${STEP_PID[decode-1]}"
echo "\${STEP_PID[decode-0]} \${ORPHAN[decode-1]} \${ADOPTED[*]} $(address_of decode-1)"
echo "\${STEP_STATE[decode-0]} \${STEP_STATE[decode-2]} \${STEP_PID[decode-2]:-none} \${STEP_STATE[decode-3]}"`;
  expect((await run.bash(second)).out).toBe(`${pid} 42.3 decode-0 decode-1 10.0.0.2:\nup up none stopped\n`);
  run.program('sleep', '');
  run.program('squeue', 'exit 1');
  expect(await run.bash(second)).toMatchObject({
    code: 1,
    out: "the session's supervisor cannot ask Slurm what runs\n",
  });
});

test('workers are stopped in the order in which the command names them', async () => {
  const events = await session('tell 1 stop me decode-1 decode-0; check_steps; end succeeded x');
  expect(events).toEqual([
    command('1', 'stop', 'decode-1', 'decode-0'),
    { kind: 'step-stopped', step: 'decode-1', role: 'decode' },
    stopped,
    answer('1', 'done', 'stop'),
    ended('x'),
  ]);
});

test('of two supervisors the first one stays', async () => {
  run.program('squeue', 'printf "42.3|session\\n42.4|session\\n"');
  expect(await run.bash('SLURM_JOB_ID=42 SLURM_STEP_ID=4; enter_allocation node0 owned')).toMatchObject({
    code: 0,
    out: "the session's supervisor runs already, as step 42.3\n",
  });
});

test('a frontend that turns a worker away is found however much its log says after that', async () => {
  const lines = 'INFO a request completed\n'.repeat(200_000);
  run.file(
    'logs/frontend-0.node0.log',
    `ERROR Rejected incompatible workers workers=["dynamo/backend/7f3a"]\n${lines}`,
  );
  const asked =
    'ATTEMPT_DIR=$RUN_DIR STEPS=(frontend-0) STEP_KIND[frontend-0]=frontend; refusing 7f3a; echo " $?"; refusing 7f3b; echo "$?"';
  expect((await run.bash(asked)).out).toBe('frontend-0 0\n1\n');
});
