import { EXIT } from '../../../errors.ts';
import type { Tunnel } from '../../../host/tunnel.ts';
import { watchRun } from '../../../observe/watch.ts';
import { readRunState } from '../../../run/event-log.ts';
import { advance, type RunState } from '../../../run/state.ts';
import { jobIdOf } from '../../runs/adopt.ts';
import { requireLive } from '../../runs/bench-target.ts';
import { exitOfRun } from '../../runs/exit.ts';
import { type LookupOptions, lookUpRun } from '../../runs/lookup.ts';
import { tunnelTo } from '../../runs/tunnel.ts';
import type { World } from '../../world.ts';

export interface ForwardOptions extends LookupOptions {
  /** Local port. Default: the frontend's port, or any if that is in use. */
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
  requireLive(run, past);
  if (!past.ready) world.err.write(`waiting for ${run.id} to become ready\n`);

  let tunnel: Tunnel | undefined;
  let state: RunState = past;
  try {
    const jobId = jobIdOf(run.job, past);
    for await (const event of watchRun(connection, { dir: run.dir, jobId }, world.signal)) {
      state = advance(state, event);
      if (event.kind === 'job-started') {
        tunnel?.close();
        tunnel = undefined;
      }
      if (event.kind !== 'ready') continue;
      const { url, model } = event;
      if (host.dial === undefined) {
        world.err.write('no tunnel is needed: this machine can reach the frontend directly\n');
        world.out.write(`${url}\n`);
        return EXIT.ok;
      }
      if (tunnel) continue;
      tunnel = await tunnelTo(url, host, options.port, world);
      world.out.write(`http://127.0.0.1:${tunnel.port}\n`);
      world.err.write(
        `${model}, served at ${url} behind ${host.name}; Ctrl-C closes the tunnel; the run continues\n`,
      );
    }
  } finally {
    tunnel?.close();
  }
  if (world.signal.aborted) return EXIT.interrupted;
  world.err.write(`${run.id} has ended: ${state.verdict?.reason ?? 'its job has left the queue'}\n`);
  return exitOfRun(state);
}
