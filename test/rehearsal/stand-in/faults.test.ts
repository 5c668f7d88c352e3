import { afterEach, expect, test } from 'vitest';
import { nodeAddress } from '../../../src/rehearsal/slurm/job-record.ts';
import { type Cluster, openCluster } from './cluster.ts';

let cluster: Cluster;
afterEach(() => cluster.close());

// Runs a program as the bundle does: a script starts it, waits for it, and says how it ended.
const SCRIPT = `#!/bin/bash
etcd &
wait $!
echo "$SLURM_PROCID: $?" >>ends
`;

/**
 * Runs a job with one step, named w, on two nodes; gives how its programs ended. They end by themselves, with code 0, once
 * `over`, a command of bash, succeeds.
 */
async function ends(fault: string, over: string, before = ''): Promise<string> {
  cluster = openCluster({ DYN_SLURM_STANDIN_FAULTS: fault });
  cluster.write('step.sh', SCRIPT);
  await cluster.run('mkdir', 'bin');
  cluster.write('ends', '');
  cluster.write('bin/etcd', `#!/bin/bash\nuntil ${over}; do sleep 0.05; done\n`);
  const id = await cluster.submit(
    '--nodes=2',
    `PATH=$PWD/bin:$PATH\n${before}\nsrun --job-name=w bash step.sh`,
  );
  await cluster.reach(id, 'COMPLETED', 'FAILED');
  return cluster.read('ends').split('\n').sort().join('\n').trim();
}

test.each([
  ['w:exit=3', '0: 3\n1: 0'],
  ['w.1:exit=0', '0: 0\n1: 0'],
  ['w.1:exit=5@+0.5', '0: 0\n1: 5'],
  ['w.1:kill', '0: 0\n1: 137'],
  ['w:kill=TERM,w.1:kill=HUP', '0: 143\n1: 129'],
  ['w.1:exit=9@ready', '0: 0\n1: 9'],
  ['other:kill', '0: 0\n1: 0'],
])('%s', async (fault, expected) => {
  const events = `(sleep 1; echo '{"time":"x","kind":"ready"}' >events.jsonl) &`;
  const faults = fault.startsWith('other') ? 0 : fault.split(',').length;
  expect(await ends(fault, `[[ $(wc -l <ends) -ge ${faults} ]]`, events)).toBe(expected);
});

test('a stopped program goes on after its time', async () => {
  expect(await ends('w:stop=0.5', "grep -q 'goes on' job.out")).toBe('0: 0\n1: 0');
  expect(cluster.read('job.out')).toMatch(/fault: w\.0: SIGSTOP to \d+\nsrun: fault: w\.0: goes on/);
});

test("once nodes are bound, a taken port is taken on the step's node for as long as the step lives", async () => {
  cluster = openCluster({ DYN_SLURM_STANDIN_FAULTS: '["w.1:port=6543"]' });
  cluster.write('try.sh', '(exec 3<>"/dev/tcp/$1/6543") 2>/dev/null && echo "$1 taken"\n');
  // The other node's task tries its own port once this one is taken.
  cluster.write(
    'step.sh',
    `if ((SLURM_PROCID)); then
       until bash try.sh "$DYN_SLURM_NODE_ADDR"; do sleep 0.05; done
       echo "$DYN_SLURM_NODE_ADDR" >taken
     else
       until [[ -s taken ]]; do sleep 0.05; done
       bash try.sh "$DYN_SLURM_NODE_ADDR"
     fi\n`,
  );
  const id = await cluster.submit(
    '--nodes=2',
    `echo '{"time":"x","kind":"nodes-bound"}' >events.jsonl
     srun --job-name=w bash step.sh 2>/dev/null
     bash try.sh $(cat taken)
     true`,
  );
  await cluster.reach(id, 'COMPLETED');
  expect(cluster.read('job.out')).toBe(`${nodeAddress(Number(id), 1)} taken\n`);
});

test('a slow task starts late, alone', async () => {
  cluster = openCluster({ DYN_SLURM_STANDIN_FAULTS: 'w.1:slow=3' });
  const id = await cluster.submit(
    '--nodes=2',
    `srun --job-name=w bash -c 'date +%s%N >started.$SLURM_PROCID'`,
  );
  await cluster.reach(id, 'COMPLETED');
  const late = (Number(cluster.read('started.1')) - Number(cluster.read('started.0'))) / 1e9;
  expect(late).toBeGreaterThan(0);
});

test('a fault that cannot be read stops every program before it does anything', async () => {
  cluster = openCluster();
  const { stdout, stderr } = await cluster.run(
    'bash',
    '-c',
    'DYN_SLURM_STANDIN_FAULTS=w:explode sbatch job.sh; echo "exit $?"',
  );
  expect(stdout).toBe('exit 2\n');
  expect(stderr).toBe(
    'fault "w:explode": "explode" is not one of exit=N, kill[=SIGNAL], stop[=SECONDS], port=N, slow=SECONDS\n',
  );
});
