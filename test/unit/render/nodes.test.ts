import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ANSWERING, RunFolder } from './run-folder.ts';

const TEMPLATES = join(import.meta.dirname, '../../../templates');

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
  run.program('scontrol', 'printf "node%s\\n" 1 2 3');
});
afterEach(() => run.dispose());

/** Binds three nodes that answer with these lines; `NOW` stands for the time in ms. */
async function bind(answers: readonly string[], more = '') {
  run.file('answers', `${answers.join('\n')}\n`);
  run.program('srun', `${ANSWERING}sed "s/NOW/$(date +%s%3N)/; s/^/$mark /" "$RUN_DIR"/answers`);
  const start = 'SLURM_JOB_NODELIST=node[1-3]; ASK_AGAIN=(); trap \'echo "$OUTCOME: $REASON"\' EXIT';
  const { out } = await run.bash(
    `${start}; ${more} find_nodes 3 ib0; bind_nodes; echo "$DYN_SLURM_NODE_IPS"`,
  );
  return { events: run.events().map(({ time: _, ...event }) => event), said: out.trim().split('\n') };
}

const FIT = ['node3 address 10.0.0.3', 'node1 address 10.0.0.1', 'node2 address 10.0.0.2'];
const CLOCKS = ['node1 clock NOW', 'node2 clock NOW', 'node3 clock NOW'];

test('nodes are bound in the order of the allocation, whatever the order of their answers', async () => {
  run.file('preflight.sh', '');
  const { events, said } = await bind([...FIT, ...CLOCKS]);
  expect(events).toEqual([
    { kind: 'preflight', problems: [], warnings: [], seconds: expect.any(Number) },
    {
      kind: 'nodes-bound',
      nodes: [1, 2, 3].map((n) => ({ index: n - 1, host: `node${n}`, ip: `10.0.0.${n}` })),
    },
  ]);
  expect(said).toContain('10.0.0.1 10.0.0.2 10.0.0.3');
});

test('what a prolog of the site prints is no answer', async () => {
  run.program(
    'ip',
    'case "$*" in *route*) echo "default dev e0" ;; *) echo "2: e0    inet 10.0.0.$N/8 scope global e0" ;; esac',
  );
  // An empty line, one that is left open, and lines that look like answers of the node, right before and after its own.
  run.program(
    'srun',
    `while [ "$1" != bash ]; do shift; done
for N in 1 2 3; do
  export N SLURMD_NODENAME=node$N
  printf '\\n===\\nnode%s problem cannot be used\\nnode%s address 10.9.9.9\\nscratch is /scratch' $N $N
  "$@"
  printf 'node%s clock 0\\n * ? $(false)\\n\\n' $N
done`,
  );
  run.file('runtime/node.sh', `. ${TEMPLATES}/node.sh`);
  const { out } = await run.bash(
    'SLURM_JOB_NODELIST=x; ASK_AGAIN=(); find_nodes 3 auto; bind_nodes; echo "$DYN_SLURM_NODE_IPS $DYN_SLURM_NODE_INTERFACES"',
  );
  expect(run.events()).toMatchObject([
    { kind: 'nodes-bound', nodes: [1, 2, 3].map((n) => ({ host: `node${n}`, ip: `10.0.0.${n}` })) },
  ]);
  expect(out).toContain('10.0.0.1 10.0.0.2 10.0.0.3 e0 e0 e0\n');
});

test('without preflight.sh there is nothing to say of fit nodes', async () => {
  const { events } = await bind([...FIT, ...CLOCKS]);
  expect(events.map(({ kind }) => kind)).toEqual(['nodes-bound']);
});

test('all problems of all nodes are told at once, and the first of them end the job', async () => {
  const { events, said } = await bind([
    'node1 address 10.0.0.1',
    'node2 problem has several addresses on interface ib0 (10.0.0.2 10.1.0.2)',
    'node1 problem has port 8000 in use already, which frontend-0 needs',
    'node2 problem cannot read the model, /models/m',
    'node3 problem cannot read the run folder',
    'node3 clock',
    'node1 problem cannot read the model, /models/m',
    'node1 warning lets a process lock only 64 KB of memory, and RDMA may need more',
    'node1 clock NOW',
    'node2 clock NOW',
  ]);
  expect(events).toEqual([
    {
      kind: 'preflight',
      problems: [
        { text: 'has several addresses on interface ib0 (10.0.0.2 10.1.0.2)', nodes: ['node2'] },
        { text: 'has port 8000 in use already, which frontend-0 needs', nodes: ['node1'] },
        { text: 'cannot read the model, /models/m', nodes: ['node2', 'node1'] },
        { text: 'cannot read the run folder', nodes: ['node3'] },
      ],
      warnings: [
        { text: 'lets a process lock only 64 KB of memory, and RDMA may need more', nodes: ['node1'] },
      ],
      seconds: expect.any(Number),
    },
  ]);
  expect(said.at(-1)).toBe(
    'failed: node2 has several addresses on interface ib0 (10.0.0.2 10.1.0.2); node1 has port 8000 in use already, which frontend-0 needs; node2, node1 cannot read the model, /models/m; and 1 more',
  );
});

test('the sentence that ends the job is short', async () => {
  const problems = [1, 2, 3, 4, 5].map((n) => `node1 problem lacks ${n}`);
  run.file(
    'answers',
    [...problems, ...FIT, ...CLOCKS.map((line) => line.replace('NOW', '1')), ''].join('\n'),
  );
  run.program('srun', `${ANSWERING}sed "s/^/$mark /" "$RUN_DIR"/answers`);
  const { out } = await run.bash(
    'SLURM_JOB_NODELIST=x; ASK_AGAIN=(); trap \'echo "$REASON"\' EXIT; find_nodes 3 ib0; bind_nodes',
  );
  expect(out.trim().split('\n').at(-1)).toBe('node1 lacks 1; node1 lacks 2; node1 lacks 3; and 2 more');
});

/** An srun whose first step, and whose later ones, are these scripts; its arguments are noted in `asked`. */
function sruns(first: string, later: string): void {
  run.program(
    'srun',
    `${ANSWERING}echo "$*" >>"$RUN_DIR"/asked
now=$(date +%s%3N)
if [ -e "$RUN_DIR"/again ]; then ${later}; else : >"$RUN_DIR"/again; ${first}; fi`,
  );
}

const answer = (...nodes: readonly number[]) =>
  nodes.map((n) => `answer node${n} address 10.0.0.${n} ib0; answer node${n} clock $now`).join('; ');
const LOST = [
  'echo "srun: error: Task launch for StepId=7.0 failed on node node2: Communication connection failure" >&2',
  'echo "srun: error: Application launch failed: Communication connection failure" >&2',
  'echo "srun: error: Timed out waiting for job step to complete" >&2',
  'exit 1',
].join('; ');
const ASK = 'SLURM_JOB_NODELIST=x; ASK_AGAIN=(0 0); trap \'echo "$OUTCOME: $REASON"\' EXIT; find_nodes 3 ib0';
const hostsAsked = () =>
  [...readFileSync(join(run.dir, 'asked'), 'utf8').matchAll(/--nodelist=(\S+)/g)].map(([, hosts]) => hosts);

test('a node that could not be asked is asked again, and its steps are started again', async () => {
  sruns(`${answer(1, 3)}; ${LOST}`, answer(2));
  run.program('step', `echo "$1" >>"$RUN_DIR"/stepped; exec sleep 60`);
  const { out, err } = await run.bash(
    `${ASK}
count() { until [[ $(wc -l <"$RUN_DIR/stepped") == "$1" ]]; do sleep 0.02; done 2>/dev/null; }
launch one worker decode end 0 -- step one; launch two worker decode end 1 2 -- step two; count 2
bind_nodes; count 3; stop_steps 0 one two; sort "$RUN_DIR/stepped"`,
  );
  expect(hostsAsked()).toEqual(['node1,node2,node3', 'node2']);
  expect(err).toContain('failed on node node2: Communication connection failure');
  expect(run.events()).toMatchObject([
    { kind: 'nodes-bound', nodes: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }, { ip: '10.0.0.3' }] },
    { kind: 'step-started', step: 'one' },
    { kind: 'step-started', step: 'two' },
  ]);
  expect(out.match(/^\w+$/gm)).toEqual(['one', 'two', 'two']);
});

test('a node that cannot be asked is named with what srun says of it', async () => {
  sruns(`${answer(1, 3)}; ${LOST}`, LOST);
  const { out } = await run.bash(`${ASK}; bind_nodes`);
  expect(hostsAsked()).toEqual(['node1,node2,node3', 'node2', 'node2']);
  expect(out).toMatch(
    /failed: node2 gave no full answer in \d+ s: srun: error: Task launch for StepId=7\.0 failed on node node2: Communication connection failure\n$/,
  );
});

test('a node with a warning, that falls silent then, has not answered', async () => {
  sruns(`${answer(1, 3)}; answer node2 address 10.0.0.2; answer node2 warning is odd; exit 1`, 'exit 1');
  const { out } = await run.bash(`${ASK}; bind_nodes`);
  expect(out).toMatch(/failed: node2 gave no full answer in \d+ s: srun said nothing\n$/);
});

test('nobody is asked again once the time is over', async () => {
  // In place of the clock: the time is over once the first node has answered.
  run.program(
    'timeout',
    'shift; "$@" & until [ -e "$RUN_DIR/answered" ]; do sleep 0.02; done; kill $!; exit 124',
  );
  sruns(`${answer(1)}; : >"$RUN_DIR/answered"; exec sleep 60`, 'exit 1');
  const { out } = await run.bash(`ANSWER_TIME=0; ${ASK}; bind_nodes`);
  expect(hostsAsked()).toEqual(['node1,node2,node3']);
  expect(out).toMatch(/failed: node2, node3 gave no full answer in \d+ s: srun said nothing\n$/);
});

test('nodes that stay silent are one finding, though a second passes while they are judged', async () => {
  sruns(`${answer(1)}; exit 1`, 'exit 1');
  const slowly =
    'eval "noted()$(declare -f note | tail -n +2)"; note() { noted "$@"; SECONDS=$((SECONDS + 1)); }';
  const { out } = await run.bash(`${slowly}; ANSWER_TIME=0; ${ASK}; bind_nodes`);
  expect(out).toMatch(/failed: node2, node3 gave no full answer in \d+ s: srun said nothing\n$/);
});

test('a task that was launched early waits until the nodes are bound', async () => {
  sruns('sleep 60', 'exit 1');
  const task = `cd ${TEMPLATES}; export ATTEMPT_DIR=$RUN_DIR SLURM_NODEID=0 SLURMD_NODENAME=node1
wait_here() { DYN_SLURM_NODES="node1 node2" bash -c '. ./task.sh; bind one 0; echo "$SELF_IP \${PORT[7777]} \${NETWORK[3]}" >>"$RUN_DIR/bound"'; }`;
  await run.bash(`${task}
: >"$RUN_DIR/state/bound"
wait_here & first=$!
sleep 0.3; [[ ! -e $RUN_DIR/bound ]] || exit 1
printf '%s\\n' '10.0.0.1 10.0.0.2' ' 7777=7877' 'ib0 ib1' >"$RUN_DIR/state/bound"
wait $first`);
  expect(readFileSync(join(run.dir, 'bound'), 'utf8')).toBe('10.0.0.1 7877 GLOO_SOCKET_IFNAME=ib0\n');
});

test('clocks that differ are a warning', async () => {
  run.file('preflight.sh', '');
  const at = (seconds: number) => String(Date.now() + 1000 * seconds);
  const { events } = await bind([
    ...FIT,
    'node1 clock NOW',
    `node2 clock ${at(-3000)}`,
    `node3 clock ${at(9000)}`,
  ]);
  expect(events[0]).toMatchObject({
    problems: [],
    warnings: [
      {
        text: expect.stringMatching(/^has a clock that is (2999|30\d\d) s behind the head node's$/),
        nodes: ['node2'],
      },
      {
        text: expect.stringMatching(/^has a clock that is (8\d\d\d|9000) s ahead of the head node's$/),
        nodes: ['node3'],
      },
    ],
  });
});

test('no node could be asked', async () => {
  run.program(
    'srun',
    'echo "srun: error: Unable to create step for job 7: Requested node is not available" >&2; exit 1',
  );
  const { out } = await run.bash(
    'SLURM_JOB_NODELIST=x; ASK_AGAIN=(); trap \'echo "$REASON"\' EXIT; find_nodes 3 ib0; bind_nodes',
  );
  expect(out).toBe(
    'no node could be asked whether it is fit: srun: error: Unable to create step for job 7: Requested node is not available\n',
  );
});

test('a wrong number of nodes ends the job', async () => {
  const { out } = await run.bash(
    'SLURM_JOB_NODELIST=node[1-3]; trap \'echo "$REASON"\' EXIT; find_nodes 4 ib0',
  );
  expect(out).toBe('the plan needs 4 nodes, the allocation node[1-3] has 3\n');
});

/** Four jobs wait, two of them for job 7 to fail; what is changed of them comes into `updated`. */
function waitingJobs(): void {
  run.program(
    'squeue',
    `printf '%s\\n' '8|afternotok:7(unfulfilled)' '9|afternotok:7(unfulfilled),afternotok:8(unfulfilled)' '10|afterany:7(unfulfilled)' '11|afternotok:77(unfulfilled)'`,
  );
  run.program(
    'scontrol',
    `case "$*" in
  *hostnames*) printf "node%s\\n" 1 2 3 ;;
  "show job 9") echo "   ReqNodeList=(null) ExcNodeList=node[8-9]" ;;
  "show job "*) echo "   ReqNodeList=(null) ExcNodeList=(null)" ;;
  update*) echo "$*" >>"$RUN_DIR/updated" ;;
esac`,
  );
}

const SPARED = 'update JobId=8 ExcNodeList=node2\nupdate JobId=9 ExcNodeList=node[8-9],node2\n';
test('a node that is to blame is told apart, and kept from the jobs that wait for this one to fail', async () => {
  run.file('preflight.sh', '');
  waitingJobs();
  const answers = [...FIT, 'node2 fault shows 7 GPUs, and workers need 8', ...CLOCKS];
  const { events } = await bind(answers, 'SLURM_JOB_ID=7; trap finish EXIT; tear_down() { :; };');
  expect(events).toEqual([
    {
      kind: 'preflight',
      problems: [{ text: 'shows 7 GPUs, and workers need 8', nodes: ['node2'] }],
      warnings: [],
      blamed: [{ node: 'node2', reason: 'shows 7 GPUs, and workers need 8' }],
      seconds: expect.any(Number),
    },
    { kind: 'teardown', outcome: 'failed', reason: 'node2 shows 7 GPUs, and workers need 8' },
    { kind: 'verdict', outcome: 'failed', reason: expect.any(String), seconds: expect.any(Number) },
  ]);
  expect(readFileSync(join(run.dir, 'updated'), 'utf8')).toBe(SPARED);
});

test.each([
  ['RuntimeError: CUDA error: uncorrectable ECC error encountered', SPARED],
  ['CUDA out of memory. Process 4711 has 90.00 GiB memory in use. Process 1 has 2 GiB', SPARED],
  ['ValueError: no such argument', ''],
])('a node whose process ended with “%s”', async (line, changed) => {
  waitingJobs();
  run.file('updated', '');
  await run.bash(
    `SLURM_JOB_ID=7 NODE=(node1 node2 node3); tear_down() { :; }; trap finish EXIT
CAUSE=([step]=decode-0 [role]=decode [node]=node2 [rank]=0 [exit]=1 [line]="$1"); end failed 'decode-0 on node2 exited with code 1'`,
    line,
  );
  expect(readFileSync(join(run.dir, 'updated'), 'utf8')).toBe(changed);
});

test('what all nodes say is no node’s fault', async () => {
  run.file('preflight.sh', '');
  const faults = [1, 2, 3].map((n) => `node${n} fault has an nvidia-smi that fails`);
  const { events, said } = await bind([...FIT, ...faults, ...CLOCKS]);
  expect(said).toContain('failed: node1, node2, node3 have an nvidia-smi that fails');
  expect(events).toEqual([
    {
      kind: 'preflight',
      problems: [{ text: 'has an nvidia-smi that fails', nodes: ['node1', 'node2', 'node3'] }],
      warnings: [],
      seconds: expect.any(Number),
    },
  ]);
});
