import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoginCli, loginCli } from '../cluster/cli.ts';
import { type Cluster, clusterAvailable, withCluster } from '../cluster/cluster.ts';

// On a real Slurm of this machine: how long a job takes from accepted to all workers running, beside bare sruns of the
// same shape; how soon a worker's end is named to who watches; and how soon ready is shown. Prints JSON.

const ROUNDS = Number(process.env.BENCH_CLUSTER_ROUNDS ?? 5);
const NODES = 4;
const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * What every bash of a job sources (BASH_ENV): it notes when a batch script, or a task of a step, runs its first line. A
 * step of either kind is a script of bash, so that both are noted by the same means.
 */
const STAMP = `
if [[ -n $SLURM_JOB_ID && $STAMPED != "$SLURM_JOB_ID.$SLURM_STEP_ID" ]]; then
  export STAMPED=$SLURM_JOB_ID.$SLURM_STEP_ID
  echo "$SLURM_JOB_ID \${SLURM_STEP_ID:+$SLURM_JOB_NAME} \${EPOCHREALTIME/[.,]/}" >>/home/ada/stamps
fi
`;

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
  srun --job-name="aggregated-$i" --nodes=1 --ntasks=1 --nodelist="\${NODE[i * ${NODES} / ${workers}]}" \\
    --overlap --mpi=none --input=none \\
    --output="/home/ada/bare/aggregated-$i.log" /home/ada/fake/python3 &
done
wait
`;

export interface ClusterFigures {
  readonly starts: readonly StartFigures[];
  /** Milliseconds. */
  readonly cause: number;
  readonly ready: number;
}

/**
 * Milliseconds, medians. Slurm takes up to a second from accepted to the first line of a batch script, whoever wrote it:
 * that is one figure for both, lest it decides which of them looks faster.
 */
interface StartFigures {
  readonly workers: number;
  readonly queued: number;
  /** From the first line of the batch script to the first line of the last worker's task. */
  readonly bare: number;
  readonly ours: number;
}

interface Start {
  readonly queued: number;
  readonly started: number;
}

async function measure(cluster: Cluster): Promise<ClusterFigures> {
  const cli = loginCli(cluster);
  await put(cluster, {
    'service.yaml': SERVICE,
    'model/config.json': '{}',
    'bare/.keep': '',
    'fake/python3': PYTHON,
    stamp: STAMP,
    '.bash_profile': 'export BASH_ENV=/home/ada/stamp\n',
  });
  const starts = [];
  for (const workers of [8, 32]) {
    await put(cluster, { [`bare${workers}`]: bare(workers), [`w${workers}.yaml`]: config(workers) });
    const bares: Start[] = [];
    const ours: Start[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const turns = [
        async () => bares.push(await bareStart(cluster, workers)),
        async () => ours.push(await ourStart(cluster, cli, workers)),
      ];
      // Neither is always the first of a round.
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
    }
    starts.push({
      workers,
      queued: median([...bares, ...ours].map(({ queued }) => queued)),
      bare: median(bares.map(({ started }) => started)),
      ours: median(ours.map(({ started }) => started)),
    });
  }
  return { starts, ...(await reactions(cluster, cli)) };
}

async function bareStart(cluster: Cluster, workers: number): Promise<Start> {
  const { stdout } = await cluster.onLogin([
    'bash',
    '-c',
    `BASH_ENV=/home/ada/stamp sbatch --parsable /home/ada/bare${workers}; date +%s%3N`,
  ]);
  const [job = '', accepted = ''] = stdout.trim().split('\n');
  return started(cluster, job, Number(accepted), workers);
}

async function ourStart(cluster: Cluster, cli: LoginCli, workers: number): Promise<Start> {
  const { stdout } = await cli.run(['submit', `w${workers}.yaml`, '--json']);
  const { jobId, dir } = JSON.parse(stdout) as { jobId: string; dir: string };
  // job.json is written as soon as sbatch has answered.
  const answered = await cluster.onLogin(['stat', '-c', '%.3Y', `${dir}/job.json`]);
  return started(cluster, jobId, Number(answered.stdout) * 1000, workers);
}

/** Waits for all workers of the job, and ends it. */
async function started(cluster: Cluster, job: string, accepted: number, workers: number): Promise<Start> {
  for (;;) {
    const stamps = await stampsOf(cluster, job);
    const tasks = [...stamps].flatMap(([name, time]) => (name.startsWith('aggregated-') ? [time] : []));
    const batch = stamps.get('');
    if (batch !== undefined && tasks.length === workers) {
      await cluster.onLogin(['scancel', job]);
      await gone(cluster);
      return { queued: batch - accepted, started: Math.max(...tasks) - batch };
    }
    await sleep(50);
  }
}

/** By step, the batch script's own without a name, milliseconds since 1970. */
async function stampsOf(cluster: Cluster, job: string): Promise<ReadonlyMap<string, number>> {
  const text = await readFile(join(cluster.homes, 'ada/stamps'), 'utf8').catch(() => '');
  const stamps = text.split('\n').map((line) => line.split(' '));
  return new Map(
    stamps.flatMap(([of, name = '', time]) => (of === job ? [[name, Number(time) / 1000] as const] : [])),
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
