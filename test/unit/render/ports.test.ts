import { afterEach, beforeEach, expect, test } from 'vitest';
import { ANSWERING, RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
  run.program('scontrol', 'printf "node%s\\n" 1 2');
  run.file('preflight.sh', '');
  run.file('movable-ports.txt', '8000 9000 9100\n29500-29501 30500-30501 30600-30601\n');
});
afterEach(() => run.dispose());

/** Binds two nodes, which say this of their ports. */
async function bind(answers: readonly string[], more = '') {
  const fit = [1, 2].flatMap((n) => [`node${n} address 10.0.0.${n}`, `node${n} clock NOW`]);
  run.file('answers', `${[...answers, ...fit].join('\n')}\n`);
  run.program('srun', `${ANSWERING}sed "s/NOW/$(date +%s%3N)/; s/^/$mark /" "$RUN_DIR"/answers`);
  const start = 'SLURM_JOB_NODELIST=node[1-2]; trap \'echo "$OUTCOME: $REASON"\' EXIT';
  const { out, err } = await run.bash(
    `${start}; find_nodes 2 ib0; bind_nodes; echo "$DYN_SLURM_PORTS"; ${more}`,
  );
  expect(err).toBe('');
  return {
    events: run.events().map(({ time: _, ...event }) => event),
    said: out
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('{')),
  };
}

test('where nothing is taken, every port is as planned', async () => {
  const { events, said } = await bind(['node1 busy 1']);
  expect(events.map(({ kind }) => kind)).toEqual(['preflight', 'nodes-bound']);
  expect(said[0]).toBe(' 8000=8000 29500=29500 29501=29501');
});

test('all ports move by the first distance at which no node uses one of them', async () => {
  const { events, said } = await bind([
    'node1 taken has port 29501 in use already, which decode-0 needs',
    'node2 taken has port 8000 in use already, which frontend-0 needs',
    'node2 busy 1',
  ]);
  expect(events[0]).toEqual({
    kind: 'port-moved',
    from: '8000,29500-29501',
    to: '9100,30600-30601',
    reason: 'node1 has port 29501 in use already, which decode-0 needs',
  });
  expect(events[1]).toMatchObject({ kind: 'preflight', problems: [] });
  expect(said[0]).toBe(' 8000=9100 29500=30600 29501=30601');
});

test('where no place is left, what is taken is a problem, as of a port that may not move', async () => {
  const { events, said } = await bind([
    'node2 taken has port 8000 in use already, which frontend-0 needs',
    'node1 taken has port 8000 in use already, which frontend-1 needs',
    'node1 busy 1',
    'node2 busy 2',
    'node1 problem has port 4222 in use already, which nats needs',
  ]);
  expect(events).toEqual([
    {
      kind: 'preflight',
      problems: [
        { text: 'has port 4222 in use already, which nats needs', nodes: ['node1'] },
        { text: 'has port 8000 in use already, which frontend-0 needs', nodes: ['node2'] },
        { text: 'has port 8000 in use already, which frontend-1 needs', nodes: ['node1'] },
      ],
      warnings: [],
      seconds: expect.any(Number),
    },
  ]);
  expect(said.find((line) => line.startsWith('failed'))).toMatch(
    /^failed: node1 has port 4222 in use already/,
  );
});

test('addresses have the real port, and others stay as they are', async () => {
  const { said } = await bind(
    ['node1 taken has port 8000 in use already, which frontend-0 needs'],
    'for a in 10.0.0.1:8000 10.0.0.1:9000 10.0.0.1:4222 10.0.0.1:; do at "$a"; echo "$AT"; done',
  );
  expect(said.slice(1, 5)).toEqual(['10.0.0.1:9000', '10.0.0.1:9000', '10.0.0.1:4222', '10.0.0.1:']);
});
