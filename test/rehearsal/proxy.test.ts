import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';
import { type Event, eventsOf } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const CONFIG = join(import.meta.dirname, '../fixtures/rehearsal/disaggregated.yaml');
interface Warned {
  readonly warnings: readonly { readonly text: string }[];
}

/** Nobody listens there. */
const PROXY = 'http://127.0.0.1:9';

// As a site has whose nodes reach the internet through a proxy only, and that steers what engines do.
const PREAMBLE = `preamble: |
  export http_proxy=${PROXY} https_proxy=${PROXY} HTTP_PROXY=${PROXY} ALL_PROXY=socks5://127.0.0.1:9
  export no_proxy=mirror.site.test NCCL_IB_HCA=mlx5_0 UCX_TLS=rc GLOO_SOCKET_IFNAME=bond0 NVSHMEM_DEBUG=INFO FI_PROVIDER=efa MC_GID_INDEX=3
`;

const STEERING =
  'ALL_PROXY FI_PROVIDER GLOO_SOCKET_IFNAME HTTP_PROXY MC_GID_INDEX NCCL_IB_HCA NVSHMEM_DEBUG UCX_TLS http_proxy https_proxy'.split(
    ' ',
  );

/** What a task of a step has in its environment, by the name of the step. */
function environments(dir: string): ReadonlyMap<string, readonly string[]> {
  const found = readdirSync('/proc').flatMap((pid): [string, string[]][] => {
    try {
      const words = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      const step = words.find((word) => word.startsWith('SLURM_JOB_NAME='))?.split('=')[1];
      // What a task has become, not the script that started it.
      return step && words.includes(`RUN_DIR=${dir}`) && words.some((word) => word.startsWith('NO_PROXY='))
        ? [[step, words]]
        : [];
    } catch {
      return [];
    }
  });
  return new Map(found);
}

test("a proxy of the site is between none of the job's nodes, nor between them and who watches", async () => {
  stage.profile('proxied', PREAMBLE);
  for (const name of ['http_proxy', 'https_proxy', 'grpc_proxy']) process.env[name] = PROXY;

  const kept = await stage.run('rehearse', CONFIG, '--cluster', 'proxied', '--keep', '--json');
  expect({ code: kept.code, stderr: kept.stderr }).toEqual({ code: 0, stderr: '' });
  const events = kept.stdout
    .split('\n')
    .filter(Boolean)
    .map((line): Event => JSON.parse(line));
  expect(events.find(({ kind }) => kind === 'chat')).toMatchObject({ tokens: 48 });
  const [{ run: id }] = JSON.parse((await stage.run('status', '--json')).stdout) as [
    { readonly run: string },
  ];
  const run = { run: id, dir: join(stage.runs, id) };

  const nodes = events.find(({ kind }) => kind === 'nodes-bound')?.nodes as readonly {
    host: string;
    ip: string;
  }[];
  const all = nodes.flatMap(({ host, ip }) => [host, ip]);
  const each = environments(run.dir);
  expect([...each.keys()].sort()).toEqual(
    expect.arrayContaining(['decode-0', 'decode-1', 'etcd', 'frontend-0', 'nats', 'prefill-0']),
  );
  for (const words of each.values()) {
    for (const name of ['no_proxy=', 'NO_PROXY=']) {
      const spared = words
        .findLast((word) => word.startsWith(name))
        ?.slice(name.length)
        .split(',');
      expect(spared).toEqual(expect.arrayContaining(['mirror.site.test', 'localhost', '127.0.0.1', ...all]));
    }
  }
  const { warnings } = events.find(({ kind }) => kind === 'preflight') as unknown as Warned;
  const [warning] = warnings;
  expect(warning?.text.replace(/^.*: /, '').split(', ').sort()).toEqual(STEERING);

  const watcher = stage.start('watch', run.run, '--json');
  await watcher.line(/"kind":"(instances|source".*"source":"etcd)"/);
  watcher.interrupt();
  const { stdout } = await watcher.ended;
  expect(stdout.split('\n').filter((line) => line.includes('"state":"missing"'))).toEqual([]);
  expect((await stage.run('cancel', run.run)).code).toBe(0);
  expect(eventsOf(run).at(-1)).toMatchObject({ kind: 'verdict', outcome: 'cancelled' });
});
