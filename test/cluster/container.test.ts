import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';

const unavailable = clusterAvailable();
const ROOT = join(import.meta.dirname, '../..');

/** In the place of enroot on the nodes; containers are the folders that the stand-in for pyxis makes. */
const ENROOT = `#!/bin/bash
cd ROOTS/$(hostname -s) || exit
case $1 in list) ls ;; remove) rm -r -- "$3" ;; esac
`;

describe.skipIf(unavailable)(
  `containers on a real Slurm${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await up({ nodes: 2 });
      const enroot = ENROOT.replace('ROOTS', cluster.roots);
      writeFileSync(join(cluster.state, 'node-bin/enroot'), enroot, { mode: 0o755 });
      const profiles = join(cluster.shared, 'dyn-slurm/clusters');
      mkdirSync(profiles, { recursive: true });
      writeFileSync(join(profiles, 'shared.yaml'), '{}\n');
      writeFileSync(join(profiles, 'apart.yaml'), 'shared_container: false\n');
    });
    afterAll(() => down(cluster));
    afterEach(() => {
      for (const name of readdirSync(cluster.roots)) rmSync(join(cluster.roots, name), { recursive: true });
    });

    const dynSlurm = (...args: string[]) =>
      cluster.exec([process.execPath, join(ROOT, 'dist/main.js'), ...args], {
        env: {
          DYN_SLURM_RUNS: join(cluster.shared, 'runs'),
          XDG_CONFIG_HOME: cluster.shared,
          NO_COLOR: '1',
        },
      });

    /** A run of prefill on the head node and decode on the other, once an event of that kind is there. */
    async function started(
      profile: string,
      kind: string,
      model = 'model',
    ): Promise<{ run: string; jobId: string; events: () => string }> {
      const file = join(cluster.shared, `${profile}.yaml`);
      writeFileSync(
        file,
        `name: boxed
cluster: ${profile}
topology: {gpu: h100, prefill: {}, decode: {}}
model: {path: ${join(cluster.shared, model)}, served_name: tiny}
slurm: {account: research, partition: batch, time: 10m}
container: {image: "nvcr.io#nvidia/x:1"}
`,
      );
      const submitted = await dynSlurm('submit', file, '--json');
      expect(submitted).toMatchObject({ code: 0 });
      const { run, jobId, dir } = JSON.parse(submitted.stdout) as { run: string; jobId: string; dir: string };
      const log = join(dir, 'events.jsonl');
      const events = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
      const wanted = new RegExp(`"kind":"(${kind}|verdict)"`);
      while (!wanted.test(events())) await new Promise((resolve) => setTimeout(resolve, 50));
      return { run, jobId, events };
    }

    /** By node, how many images were unpacked. */
    const imports = () =>
      ['node1', 'node2'].map((node) => {
        const file = join(cluster.roots, `${node}.imports`);
        return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
      });
    const containers = () =>
      ['node1', 'node2'].map((node) => {
        const folder = join(cluster.roots, node);
        return existsSync(folder) ? readdirSync(folder).sort() : [];
      });
    const verdict = (events: string) => JSON.parse(events.trim().split('\n').at(-1) ?? '');
    const gone = async () => {
      while ((await cluster.exec(['squeue', '--noheader'])).stdout !== '') {
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };

    test('each node unpacks the image once for all steps, and keeps nothing when the job is cancelled', async () => {
      const { run, jobId, events } = await started('shared', 'ready');
      expect(events()).toContain('"kind":"ready"');
      expect(imports()).toEqual([1, 1]);
      expect(containers()).toEqual([[`pyxis_${run}-${jobId}-0`], [`pyxis_${run}-${jobId}-0`]]);
      expect((await dynSlurm('cancel', run)).code).toBe(0);
      await gone();
      expect(verdict(events())).toMatchObject({ kind: 'verdict', outcome: 'cancelled' });
      expect(containers()).toEqual([[], []]);
      expect(events()).not.toContain('may have kept the container');
    });

    test('each step unpacks it for itself where the profile says so', async () => {
      const { run, events } = await started('apart', 'ready');
      expect(events()).toContain('"kind":"ready"');
      // etcd, NATS, the frontend and the prefill worker; the decode worker.
      expect(imports()).toEqual([4, 1]);
      await dynSlurm('cancel', run);
      await gone();
    });

    test('a job whose batch script is killed keeps nothing either', async () => {
      const { jobId } = await started('shared', 'ready');
      await cluster.exec(['scancel', '--batch', '--signal=KILL', jobId]);
      await gone();
      expect(containers()).toEqual([[], []]);
    });

    test('a job that ends while the image is unpacked keeps nothing', async () => {
      const { events } = await started('shared', 'verdict', 'missing');
      await gone();
      expect(verdict(events())).toMatchObject({
        outcome: 'failed',
        reason: expect.stringContaining('missing'),
      });
      expect(containers()).toEqual([[], []]);
      expect(events()).not.toContain('may have kept the container');
    });

    test('steps that make a container of the same name at once fail as with pyxis', async () => {
      const step = 'srun --overlap -w node1 -N1 -n1 --container-image=x --container-name=same';
      const { stderr } = await cluster.onLogin([
        ...['salloc', '-w', 'node1', '-N1', 'bash', '-c'],
        `for i in 1 2 3; do ${step} true & done; wait; ${step}:no_exec true && echo found`,
      ]);
      expect(stderr).toContain('pyxis:     [ERROR] File already exists: ');
      expect(imports()[0]).toBeGreaterThan(1);
      expect(readdirSync(join(cluster.roots, 'node1'))).toEqual(['pyxis_same']);
    });
  },
);
