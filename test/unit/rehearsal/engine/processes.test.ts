import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Called, makeNode, python, start } from './node.ts';

const prefill = (address: string, ...more: string[]) => [
  ...['-m', 'dynamo.sglang', '--model-path', '/m', '--disaggregation-mode', 'prefill'],
  ...['--dist-init-addr', `${address}:29500`, '--nnodes', '2', ...more],
];

describe('processes of a rehearsed engine', () => {
  test('the mocker has the pid that was started, and gets its signals', async () => {
    const leader = start(makeNode('127.0.71.1'), prefill('127.0.71.1', '--node-rank', '0'));
    const { pid } = JSON.parse(await line(leader, 'stdout')) as Called;
    expect(pid).toBe(leader.pid);
    leader.kill('SIGTERM');
    expect(await once(leader, 'exit')).toEqual([7, null]);
  });

  test('a rank above 0 finds its leader, and ends quietly when told to', async () => {
    const follower = start(makeNode('127.0.71.3'), prefill('127.0.71.2', '--node-rank', '1'));
    const said = lines(follower);
    expect(await said.next()).toContain('stands in as dynamo.mocker: prefill');
    expect(await said.next()).toBe(
      'rehearsal: node rank 1 of 2 registers nothing and follows its leader at 127.0.71.2:29500',
    );
    start(makeNode('127.0.71.2'), prefill('127.0.71.2', '--node-rank', '0'));
    expect(await said.next()).toBe('rehearsal: node rank 1 of 2 found its leader');
    follower.kill('SIGTERM');
    expect(await once(follower, 'exit')).toEqual([0, null]);
  });

  test('a rank above 0 fails after its leader died', async () => {
    const leader = start(makeNode('127.0.71.4'), prefill('127.0.71.4', '--node-rank', '0'));
    const follower = start(makeNode('127.0.71.5'), prefill('127.0.71.4', '--node-rank', '1'));
    const said = lines(follower);
    while (!(await said.next())?.includes('found its leader'));
    leader.kill('SIGKILL');
    expect(await said.next()).toBe('rehearsal: node rank 1 of 2 lost its leader at 127.0.71.4:29500');
    expect(await once(follower, 'exit')).toEqual([1, null]);
  });

  test('two nodes of one machine may use one bootstrap port; one node may not use it twice', async () => {
    const engine = ['-m', 'dynamo.sglang', '--model-path', '/m', '--disaggregation-mode', 'prefill'];
    const argv = [...engine, '--disaggregation-bootstrap-port', '30711'];
    const first = bootstrapPort(await line(start(makeNode('127.0.71.6'), argv), 'stdout'));
    const second = python(makeNode('127.0.71.7'), argv);
    expect(new Set(['30711', first, bootstrapPort(second.stdout)]).size).toBe(3);
    expect(second.stderr).toContain(
      `nodes share this machine, so port ${bootstrapPort(second.stdout)} serves in place of bootstrap port 30711\n`,
    );
    const again = python(makeNode('127.0.71.6'), argv);
    expect(again.stderr).toContain('error: bootstrap port 30711 of 127.0.71.6: Address already in use\n');
    expect(again.status).toBe(1);
  });

  test("the leader's address must be its own, and free", async () => {
    const other = python(makeNode('127.0.71.8'), prefill('127.0.71.9', '--node-rank', '0'));
    expect(other.stderr).toContain(
      'rehearsal: error: dist-init address 127.0.71.9:29500 is not of this node, 127.0.71.8: Cannot assign requested address\n',
    );
    expect(other.status).toBe(1);
    const server = createServer().listen(29500, '127.0.71.8');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const taken = python(makeNode('127.0.71.8'), prefill('127.0.71.8', '--node-rank', '0'));
    expect(taken.stderr).toContain(
      'rehearsal: error: dist-init address 127.0.71.8:29500: Address already in use\n',
    );
    expect(taken.status).toBe(1);
  });
});

function bootstrapPort(called: string): string | undefined {
  const { argv } = JSON.parse(called) as Called;
  return argv[argv.indexOf('--bootstrap-ports') + 1];
}

function lines(child: ChildProcess): { next(): Promise<string | undefined> } {
  const said = createInterface({ input: child.stderr as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return { next: async () => (await said.next()).value as string | undefined };
}

async function line(child: ChildProcess, from: 'stdout' | 'stderr'): Promise<string> {
  const said = createInterface({ input: child[from] as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return (await said.next()).value as string;
}

describe('ranks of other engines', () => {
  test('a headless rank of vLLM follows its leader, and one that is not headless is refused', async () => {
    const ranks = (address: string, rank: string) => [
      ...['-m', 'dynamo.vllm', '--model', '/m', '--master-addr', address, '--master-port', '29500'],
      ...['--nnodes', '2', '--node-rank', rank],
    ];
    const follower = start(makeNode('127.0.71.21'), [...ranks('127.0.71.20', '1'), '--headless']);
    const said = lines(follower);
    while (!(await said.next())?.includes('follows its leader at 127.0.71.20:29500'));
    start(makeNode('127.0.71.20'), ranks('127.0.71.20', '0'));
    expect(await said.next()).toBe('rehearsal: node rank 1 of 2 found its leader');
    const served = python(makeNode('127.0.71.22'), ranks('127.0.71.20', '1'));
    expect([served.status, served.stderr]).toEqual([
      2,
      'rehearsal: --node-rank 1 without --headless would serve beside rank 0\n',
    ]);
  });

  test('TensorRT-LLM is not started without its launcher, nor with ranks that it does not expect', () => {
    const command = ['-m', 'dynamo.trtllm', '--model-path', '/m'];
    const alone = python(makeNode('127.0.71.23'), command);
    expect([alone.status, alone.stderr]).toEqual([
      2,
      'rehearsal: not started by trtllm-llmapi-launch, so it has no MPI ranks\n',
    ]);
    const node = makeNode('127.0.71.24');
    Object.assign(node.env, { DYN_SLURM_MPI_RANK: '0', DYN_SLURM_MPI_SIZE: '2' });
    expect(python(node, command).stderr).toBe(
      'rehearsal: tensor_parallel_size × pipeline_parallel_size is 1, but MPI has 2 ranks\n',
    );
  });
});
