import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
  run.program('scontrol', 'printf "node%s\\n" 1 2 3');
});
afterEach(() => run.dispose());

/** Binds three nodes that answer with these lines; `NOW` stands for the time in ms. */
async function bind(answers: readonly string[], more = '') {
  run.file('answers', `${answers.join('\n')}\n`);
  run.program('srun', `sed "s/NOW/$(date +%s%3N)/" ${run.dir}/answers`);
  const start = 'SLURM_JOB_NODELIST=node[1-3]; trap \'echo "$OUTCOME: $REASON"\' EXIT';
  const { out } = await run.bash(`${start}; ${more} bind_nodes 3 ib0; echo "$DYN_SLURM_NODE_IPS"`);
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

test('without preflight.sh there is nothing to say of fit nodes', async () => {
  const { events } = await bind([...FIT, ...CLOCKS]);
  expect(events.map(({ kind }) => kind)).toEqual(['nodes-bound']);
});

test('all problems of all nodes are told at once, and the first of them end the job', async () => {
  const { events, said } = await bind([
    'node1 address 10.0.0.1',
    'node2 address 10.0.0.2 10.1.0.2',
    'node1 problem has port 8000 in use already, which frontend-0 needs',
    'node2 problem cannot read the model, /models/m',
    'node3 problem cannot read the run folder',
    'node1 problem cannot read the model, /models/m',
    'node1 warning lets a process lock only 64 KB of memory, and RDMA may need more',
    'node1 clock NOW',
    'node2 clock NOW',
  ]);
  expect(events).toEqual([
    {
      kind: 'preflight',
      problems: [
        { text: 'has port 8000 in use already, which frontend-0 needs', nodes: ['node1'] },
        { text: 'cannot read the model, /models/m', nodes: ['node2', 'node1'] },
        { text: 'cannot read the run folder', nodes: ['node3'] },
        { text: 'must have one IPv4 address on interface ib0, it has: 10.0.0.2 10.1.0.2', nodes: ['node2'] },
      ],
      warnings: [
        { text: 'lets a process lock only 64 KB of memory, and RDMA may need more', nodes: ['node1'] },
      ],
      seconds: expect.any(Number),
    },
  ]);
  expect(said.at(-1)).toBe(
    'failed: node1 has port 8000 in use already, which frontend-0 needs; node2, node1 cannot read the model, /models/m; node3 cannot read the run folder; and 1 more',
  );
});

test('the sentence that ends the job is short', async () => {
  const problems = [1, 2, 3, 4, 5].map((n) => `node1 problem lacks ${n}`);
  run.file(
    'answers',
    [...problems, ...FIT, ...CLOCKS.map((line) => line.replace('NOW', '1')), ''].join('\n'),
  );
  run.program('srun', `cat ${run.dir}/answers`);
  const { out } = await run.bash('SLURM_JOB_NODELIST=x; trap \'echo "$REASON"\' EXIT; bind_nodes 3 ib0');
  expect(out.trim().split('\n').at(-1)).toBe('node1 lacks 1; node1 lacks 2; node1 lacks 3; and 2 more');
});

test('a node that does not answer is named', async () => {
  const { events } = await bind([...FIT, 'node1 clock NOW', 'node3 clock NOW']);
  expect(events).toMatchObject([{ problems: [{ text: 'gave no full answer in 120 s', nodes: ['node2'] }] }]);
});

test('clocks that differ are a warning', async () => {
  run.file('preflight.sh', '');
  const at = (seconds: number) => String(Date.now() + 1000 * seconds);
  const { events } = await bind([
    ...FIT,
    'node1 clock NOW',
    `node2 clock ${at(-300)}`,
    `node3 clock ${at(60)}`,
  ]);
  expect(events[0]).toMatchObject({
    problems: [],
    warnings: [
      {
        text: expect.stringMatching(/^has a clock that is (299|300) s behind the head node's$/),
        nodes: ['node2'],
      },
      {
        text: expect.stringMatching(/^has a clock that is (59|60) s ahead of the head node's$/),
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
  const { out } = await run.bash('SLURM_JOB_NODELIST=x; trap \'echo "$REASON"\' EXIT; bind_nodes 3 ib0');
  expect(out).toBe(
    'no node could be asked whether it is fit: srun: error: Unable to create step for job 7: Requested node is not available\n',
  );
});

test('a wrong number of nodes ends the job', async () => {
  const { out } = await run.bash(
    'SLURM_JOB_NODELIST=node[1-3]; trap \'echo "$REASON"\' EXIT; bind_nodes 4 ib0',
  );
  expect(out).toBe('the plan needs 4 nodes, the allocation node[1-3] has 3\n');
});
