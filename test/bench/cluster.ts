import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoginCli, loginCli } from '../cluster/cli.ts';
import { type Cluster, clusterAvailable, withCluster } from '../cluster/cluster.ts';

// On a real Slurm of this machine: how long a job takes from accepted to all workers running, beside bare sruns of the
// same shape; how soon a worker's end is named to who watches; and how soon ready is shown. Prints JSON.

const ROUNDS = Number(process.env.BENCH_CLUSTER_ROUNDS ?? 3);
const NODES = 4;
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

/** Stands first on the workers' PATH, and does nothing, in silence. */
const PYTHON = '#!/bin/bash\nexec sleep 600\n';

const config = (workers: number) => `
name: workers-${workers}
topology: {gpu: h100, aggregated: {workers: ${workers}, gpus_per_worker: ${(NODES * 8) / workers}}}
model: {path: /home/ada/model, served_name: tiny}
slurm: {account: research, partition: batch, time: 10m}
aggregated: {env: {PATH: "/home/ada/fake:${SYSTEM_PATH}"}}
`;

const SERVICE = `
name: service
topology: {gpu: h100, aggregated: {workers: 1, gpus_per_worker: 8}}
model: {path: /home/ada/model, served_name: tiny}
slurm: {account: research, partition: batch, time: 10m}
`;

/** The least that could start the same steps: one srun each, all at once. */
const bare = (workers: number) => `#!/bin/bash
#SBATCH --nodes=${NODES} --ntasks=${NODES} --ntasks-per-node=1 --gpus-per-node=8 --exclusive --mem=0
#SBATCH --account=research --partition=batch --time=0-00:10:00 --output=/home/ada/bare.log --open-mode=append
mapfile -t NODE < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
for ((i = 0; i < ${workers}; i++)); do
  srun --nodes=1 --ntasks=1 --nodelist="\${NODE[i * ${NODES} / ${workers}]}" --overlap --mpi=none --input=none \\
    --output="/home/ada/bare/aggregated-$i.log" /home/ada/fake/python3 &
done
wait
`;

export interface ClusterFigures {
  readonly starts: readonly { readonly workers: number; readonly bare: number; readonly ours: number }[];
  /** Milliseconds. */
  readonly cause: number;
  readonly ready: number;
}

async function measure(cluster: Cluster): Promise<ClusterFigures> {
  const cli = loginCli(cluster);
  await put(cluster, {
    'service.yaml': SERVICE,
    'model/config.json': '{}',
    'bare/.keep': '',
    'fake/python3': PYTHON,
  });
  const starts = [];
  for (const workers of [8, 32]) {
    await put(cluster, { [`bare${workers}`]: bare(workers), [`w${workers}.yaml`]: config(workers) });
    const times: { bare: number[]; ours: number[] } = { bare: [], ours: [] };
    for (let round = 0; round < ROUNDS; round++) {
      times.bare.push(await bareStart(cluster, workers));
      times.ours.push(await ourStart(cluster, cli, workers));
    }
    starts.push({ workers, bare: median(times.bare), ours: median(times.ours) });
  }
  return { starts, ...(await reactions(cluster, cli)) };
}

async function bareStart(cluster: Cluster, workers: number): Promise<number> {
  const { stdout } = await cluster.onLogin([
    'bash',
    '-c',
    `sbatch --parsable /home/ada/bare${workers}; date +%s%3N`,
  ]);
  const [job = '', accepted = ''] = stdout.trim().split('\n');
  return (await lastStarted(cluster, job, 'bare', workers)) - Number(accepted);
}

async function ourStart(cluster: Cluster, cli: LoginCli, workers: number): Promise<number> {
  const { stdout } = await cli.run(['submit', `w${workers}.yaml`, '--json']);
  const { jobId, run, dir } = JSON.parse(stdout) as { jobId: string; run: string; dir: string };
  // job.json is written as soon as sbatch has answered.
  const answered = await cluster.onLogin(['stat', '-c', '%.3Y', `${dir}/job.json`]);
  const logs = join('dyn-slurm-runs', run, 'logs');
  return (await lastStarted(cluster, jobId, logs, workers)) - Number(answered.stdout) * 1000;
}

/**
 * When the last worker's task was started, milliseconds since 1970: Slurm makes its log then, and nothing is ever written
 * to it. The job is ended.
 */
async function lastStarted(cluster: Cluster, job: string, folder: string, workers: number): Promise<number> {
  for (;;) {
    const all = await logs(join(cluster.homes, 'ada', folder));
    if (all.length === workers) {
      await cluster.onLogin(['scancel', job]);
      await gone(cluster);
      await cluster.onLogin(['bash', '-c', 'rm -rf bare/*']);
      return Math.max(...all.map(({ mtimeMs }) => mtimeMs));
    }
    await sleep(20);
  }
}

async function logs(folder: string): Promise<readonly { readonly mtimeMs: number }[]> {
  const names = await readdir(folder).catch(() => []);
  return Promise.all(
    names.filter((name) => name.startsWith('aggregated-')).map((name) => stat(join(folder, name))),
  );
}

async function gone(cluster: Cluster): Promise<void> {
  while ((await cluster.onLogin(['squeue', '-h', '--me'])).stdout !== '') await sleep(200);
  // Until the controller has taken the nodes back.
  while (!/^idle$/m.test((await cluster.onLogin(['sinfo', '-h', '-pbatch', '-o%T'])).stdout.trim()))
    await sleep(200);
}

async function reactions(cluster: Cluster, cli: LoginCli): Promise<{ cause: number; ready: number }> {
  const cause: number[] = [];
  const ready: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { stdout } = await cli.run(['submit', 'service.yaml', '--json']);
    const { run } = JSON.parse(stdout) as { run: string };
    const watcher = cli.start(['watch', run]);
    const bound = /head node \S+, ([0-9.]+)/;
    await watcher.says(bound);
    const url = `http://${bound.exec(watcher.stdout())?.[1]}:8000`;
    const shown = watcher.says(/ready after/).then(() => Date.now());
    const truth = await firstCompletion(url);
    ready.push((await shown) - truth);

    const named = watcher.says(/aggregated-0 on node\d was killed by SIGKILL/).then(() => Date.now());
    const node = /aggregated-0 started on (node\d)/.exec(watcher.stdout())?.[1] ?? '';
    await cluster.onNode(node, ['pkill', '-KILL', '-f', 'dynamo.mocker']);
    const killed = Date.now();
    cause.push((await named) - killed);
    await watcher.ended;
    await gone(cluster);
  }
  return { cause: Math.max(...cause), ready: Math.max(...ready) };
}

/** When the service first gave tokens to somebody who asks all the time, milliseconds since 1970. */
async function firstCompletion(url: string): Promise<number> {
  const body = JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hi' }], max_tokens: 1 });
  for (;;) {
    try {
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(5000),
      });
      if (answer.ok && /"completion_tokens":[1-9]/.test(await answer.text())) return Date.now();
    } catch {
      // Not there yet.
    }
    await sleep(20);
  }
}

async function put(cluster: Cluster, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(cluster.homes, 'ada', path);
    await mkdir(join(file, '..'), { recursive: true, mode: 0o777 });
    await writeFile(file, text, { mode: 0o755 });
  }
  await cluster.onNode('login', ['chown', '-R', 'ada:ada', '/home/ada']);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const obstacle = clusterAvailable();
if (obstacle !== undefined) {
  process.stderr.write(`${obstacle}\n`);
  process.exitCode = 1;
} else {
  const figures = await withCluster({ nodes: NODES, killWait: 5 }, measure);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
