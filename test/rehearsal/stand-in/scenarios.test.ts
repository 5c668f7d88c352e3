import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCluster } from './cluster.ts';

// The same scripts were run on Slurm 22.05.8: test/recorded/slurm-22.05/scenarios holds what it said.

const scenarios = join(import.meta.dirname, 'scenarios');
const recorded = join(import.meta.dirname, '../../recorded/slurm-22.05/scenarios');

test.concurrent.each(['commands', 'drain', 'ends', 'environment', 'output', 'overlap', 'signals', 'steps'])(
  '%s: as on Slurm 22.05',
  async (name) => {
    const cluster = openCluster();
    // The next job number then reads like nothing else in the output.
    mkdirSync(join(cluster.state, 'jobs/4242'), { recursive: true });
    const { stdout, stderr } = await cluster.run('bash', join(scenarios, 'run.sh'), name);
    await cluster.close();
    expect(stderr + stdout).toBe(readFileSync(join(recorded, `${name}.txt`), 'utf8'));
  },
);
