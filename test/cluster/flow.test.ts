import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';

const unavailable = clusterAvailable();
const ROOT = join(import.meta.dirname, '../..');

describe.skipIf(unavailable)(
  `a job on a real Slurm${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await up({ nodes: 8 });
    });
    afterAll(() => down(cluster));

    /** The command line on the machine, which is one more host of the cluster. */
    const dynSlurm = (...args: string[]) =>
      cluster.exec([process.execPath, join(ROOT, 'dist/main.js'), ...args], {
        env: { DYN_SLURM_RUNS: join(cluster.shared, 'runs'), NO_COLOR: '1', DYN_SLURM_CLUSTER: '' },
      });

    /** A fixture, with the model where this machine has it too; its path. */
    const configOf = (name: string, change = (text: string) => text): string => {
      const text = readFileSync(join(ROOT, `test/fixtures/cluster/${name}.yaml`), 'utf8');
      const file = join(cluster.shared, `${name}.yaml`);
      writeFileSync(file, change(text.replace('/home/model', join(cluster.shared, 'model'))));
      return file;
    };

    const statusOnce = async (run: string, wanted: (status: Status) => boolean): Promise<Status> => {
      for (;;) {
        const status = JSON.parse((await dynSlurm('status', run, '--json')).stdout) as Status;
        if (wanted(status) || status.verdict) return status;
      }
    };

    test('is submitted, gets ready, completes, is read, and is cancelled', async () => {
      const config = configOf('disaggregated');
      const submitted = await dynSlurm('submit', config, '--json');
      expect(submitted).toMatchObject({ code: 0, stderr: '' });
      const { run, dir } = JSON.parse(submitted.stdout) as { run: string; dir: string };

      const status = await statusOnce(run, ({ ready }) => ready !== null);
      expect(status.verdict).toBeNull();
      // The config's time limit is ten minutes.
      expect(status.timeLeft).toBeGreaterThan(0);
      expect(status.timeLeft).toBeLessThanOrEqual(600);
      expect((await dynSlurm('status', run)).stdout).toMatch(/^ {2}limit {4}.* left, until 20\d\d-/m);
      const head = cluster.nodes.find(({ name }) => name === status.nodes[0]?.host);
      expect(status.ready).toMatchObject({ url: `http://${head?.ip}:8000`, model: 'tiny' });

      const answer = await fetch(`${status.ready?.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hi' }], max_tokens: 8 }),
      });
      expect(await answer.json()).toMatchObject({ usage: { completion_tokens: 8 } });

      const logs = await dynSlurm('logs', run, 'prefill-0');
      expect(logs.stdout.match(/prefill-0@node\d+/g)).toEqual(
        expect.arrayContaining(status.nodes.slice(0, 2).map(({ host }) => `prefill-0@${host}`)),
      );

      expect((await dynSlurm('cancel', run)).code).toBe(0);
      const events = readFileSync(join(dir, 'events.jsonl'), 'utf8').trim().split('\n');
      expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ kind: 'verdict', outcome: 'cancelled' });
    });

    test("knows the nodes of an allocation with gaps, in Slurm's order", async () => {
      const config = configOf('disaggregated', (text) =>
        text.replace('time: 10m', 'time: 10m, directives: { nodelist: "node8,node[1,5-6]" }'),
      );
      const submitted = await dynSlurm('submit', config, '--json');
      expect(submitted).toMatchObject({ code: 0, stderr: '' });
      const { run } = JSON.parse(submitted.stdout) as { run: string };
      const status = await statusOnce(run, ({ ready }) => ready !== null);
      expect(status.verdict).toBeNull();
      expect(status.nodes.map(({ host }) => host)).toEqual(['node1', 'node5', 'node6', 'node8']);
      const logs = await dynSlurm('logs', run);
      expect([...new Set(logs.stdout.match(/(prefill|decode)-\d@node\d/g))].toSorted()).toEqual([
        'decode-0@node6',
        'decode-1@node8',
        'prefill-0@node1',
        'prefill-0@node5',
      ]);
      await dynSlurm('cancel', run);
    });

    test('runs its container through the options of pyxis', async () => {
      const config = configOf('contained');
      const submitted = await dynSlurm('submit', config, '--json');
      const { run, jobId } = JSON.parse(submitted.stdout) as { run: string; jobId: string };
      const status = await statusOnce(run, ({ ready }) => ready !== null);
      expect(status.verdict).toBeNull();
      await dynSlurm('cancel', run);
      const { stdout } = await cluster.exec(['bash', '-c', `cat ${cluster.containers}/${jobId}.*`]);
      expect(stdout).toContain('nvcr.io#nvidia/ai-dynamo/sglang-runtime:1.6.1');
      expect(stdout).toContain(`${status.folder}:${status.folder}`);
    });
  },
);

interface Status {
  readonly timeLeft: number | null;
  readonly folder: string;
  readonly ready: { readonly url: string; readonly model: string } | null;
  readonly nodes: readonly { readonly host: string }[];
  readonly verdict: unknown;
}
