import { DynSlurmError, EXIT } from '../../../errors.ts';
import type { Host } from '../../../host/host.ts';
import { openTunnel, type Tunnel } from '../../../host/tunnel.ts';
import { watchRun } from '../../../observe/watch.ts';
import { readRunState } from '../../../run/event-log.ts';
import type { EventOf } from '../../../run/events.ts';
import { advance, type RunState } from '../../../run/state.ts';
import { jobIdOf } from '../../runs/adopt.ts';
import { exitOfRun } from '../../runs/exit.ts';
import { type LookupOptions, lookUpRun } from '../../runs/lookup.ts';
import type { World } from '../../world.ts';

export interface ForwardOptions extends LookupOptions {
  /** Of this machine. Default: that of the frontend, or any where it is taken. */
  readonly port?: number;
}

/** `dyn-slurm forward [RUN]`: the run's frontend on this machine, until it ends or is interrupted. */
export async function forward(
  query: string | undefined,
  options: ForwardOptions,
  world: World,
): Promise<number> {
  const { run, connection } = await lookUpRun(query, { ...options, meant: 'serving' }, world);
  const { host } = connection;
  const past = await readRunState(host, run);
  if (past.verdict) throw ended(run.id, past.verdict.reason);
  if (!past.ready) world.err.write(`waiting for ${run.id} to become ready\n`);

  let tunnel: Tunnel | undefined;
  let state: RunState = past;
  try {
    const jobId = jobIdOf(run.job, past);
    for await (const event of watchRun(connection, { dir: run.dir, jobId }, world.signal)) {
      state = advance(state, event);
      if (event.kind === 'job-started') tunnel = closed(tunnel);
      if (event.kind !== 'ready') continue;
      if (host.dial === undefined) return direct(event, world);
      tunnel ??= await open(event, host, options, world);
    }
  } finally {
    closed(tunnel);
  }
  if (world.signal.aborted) return EXIT.interrupted;
  world.err.write(`${run.id} has ended: ${state.verdict?.reason ?? 'its job has left the queue'}\n`);
  return exitOfRun(state);
}

function direct({ url }: EventOf<'ready'>, { out, err }: World): number {
  err.write('no tunnel is needed: this machine reaches the frontend at its own address\n');
  out.write(`${url}\n`);
  return EXIT.ok;
}

async function open(
  { url, model }: EventOf<'ready'>,
  host: Host,
  { port }: ForwardOptions,
  { out, err }: World,
): Promise<Tunnel> {
  const target = new URL(url);
  const far = Number(target.port) || 80;
  const problems = new Set<string>();
  const tunnel = await openTunnel({
    port: port ?? far,
    orAny: port === undefined,
    dial: async () => {
      if (host.dial === undefined) throw new Error('a host without a way to its network');
      return host.dial(target.hostname.replace(/^\[|\]$/g, ''), far);
    },
    onProblem: ({ message }) => {
      if (!problems.has(message)) err.write(`${host.name} cannot reach ${url}: ${message}\n`);
      problems.add(message);
    },
  });
  const own = `http://127.0.0.1:${tunnel.port}`;
  out.write(`${own}\n`);
  err.write(
    `${model}, served at ${url} behind ${host.name}; Ctrl-C closes this way to it, and the run goes on\n`,
  );
  return tunnel;
}

function closed(tunnel: Tunnel | undefined): undefined {
  tunnel?.close();
  return undefined;
}

function ended(run: string, reason: string): DynSlurmError {
  return new DynSlurmError('usage', `run ${run} has ended: ${reason}`, {
    hint: '`dyn-slurm status` lists the running ones',
  });
}
