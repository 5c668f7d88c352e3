import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';

/** A job whose engines do nothing, for ever. */
const IDLE = `
name: idle
topology: {gpu: h100, aggregated: {workers: 1, gpus_per_worker: 8}}
model: {path: /home/model, served_name: tiny}
slurm: {account: research, partition: batch, time: 10m}
aggregated: {env: {PATH: "/home/fake:/usr/bin:/bin"}}
`;
const HELD = IDLE.replace('time: 10m}', 'time: 10m, directives: {hold: true}}');

/** Puts it into the cluster's homes, as `/home/idle.yaml`, and as `/home/held.yaml` one that waits in the queue. */
export async function layIdleJobs({ homes }: Cluster): Promise<void> {
  for (const [path, text, mode] of [
    ['idle.yaml', IDLE, 0o644],
    ['held.yaml', HELD, 0o644],
    ['fake/python3', '#!/bin/bash\nexec sleep 600\n', 0o755],
  ] as const) {
    await mkdir(join(homes, path, '..'), { recursive: true });
    await writeFile(join(homes, path), text, { mode });
  }
}
