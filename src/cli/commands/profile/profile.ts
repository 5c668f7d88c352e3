import { join } from 'node:path/posix';
import { EXIT } from '../../../errors.ts';
import { dialerFor } from '../../../observe/service/dialer.ts';
import { benchTarget } from '../../runs/bench-target.ts';
import { jsonText } from '../../sink.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';
import { chooseWorkers, servingOf, type Tool } from './choice.ts';
import { startAll } from './engine.ts';
import { MEMORY_BOUNDS, type MemoryBounds } from './memory.ts';
import { idleAmong } from './own-requests.ts';
import { type Profiled, profileText, refusal } from './profile-text.ts';
import { record } from './record.ts';
import { newFolder, spanOf } from './span.ts';
import { filesBefore, nsysReports, TRACE_TIMEOUTS, type TraceTimeouts, tracesOf } from './traces.ts';

export interface ProfileOptions extends RunOptions {
  readonly role?: string;
  readonly worker?: readonly string[];
  readonly tool: Tool;
  readonly seconds?: number;
  readonly steps?: number;
  readonly activities?: readonly string[];
  /** Milliseconds that engines have; tests have less. */
  readonly timeouts?: TraceTimeouts;
  readonly memory?: MemoryBounds;
}

/** `dyn-slurm profile [RUN]`: profiles workers while they serve, and lists the traces. */
export async function profile(
  query: string | undefined,
  options: ProfileOptions,
  world: World,
): Promise<number> {
  const target = await benchTarget(query, options, world);
  const { host } = target.connection;
  const serving = await servingOf(target);
  const { tool, timeouts = TRACE_TIMEOUTS, memory = MEMORY_BOUNDS } = options;
  const workers = chooseWorkers(options, serving.workers, serving.planned, target.state);
  const started = world.now();
  const folder = await newFolder(host, join(serving.attemptDir, 'profiles'), started);
  const span = spanOf(options, workers);
  const facts = {
    run: target.run.id,
    tool,
    folder,
    started: started.toISOString(),
    seconds: span.seconds ?? null,
    steps: span.steps ?? null,
  };
  const noted = jsonText({ ...facts, workers: workers.map(({ step }) => step) });
  await host.writeFiles(folder, new Map([['profile.json', { text: noted, mode: 0o600 }]]));

  const dialer = dialerFor(host);
  const say = (text: string) => void world.err.write(`${text}\n`);
  const before =
    tool === 'nsys' ? await nsysReports(host, serving.attemptDir) : await filesBefore(host, workers);
  const idle = await idleAmong(workers, dialer, world.signal);
  const profiling = await startAll(
    dialer,
    workers.map((worker) => ({
      worker,
      body: {
        output_dir: join(folder, worker.step),
        activities: tool === 'nsys' ? ['CUDA_PROFILER'] : (options.activities ?? ['CPU', 'GPU']),
        ...(span.steps !== undefined && { num_steps: span.steps }),
      },
    })),
    world.signal,
  );
  const going = profiling.filter(({ started }) => started.done);
  for (const each of profiling) if (!each.started.done) say(`${each.worker.step}: ${each.started.reason}`);
  // Requests of ours go on until the engines have stopped, and their traces are whole.
  const over = new AbortController();
  try {
    const recorded = { target, profiling, idle, span, folder, ready: serving.ready, memory };
    const stopped = await record(recorded, dialer, world, over.signal);
    if (world.signal.aborted) {
      const left = stopped.filter((each) => each.started.done && !each.stopped.done);
      say(
        left.length === 0
          ? `interrupted; the profilers were stopped, and traces are in ${folder}`
          : `interrupted; ${left.map(({ worker }) => worker.step).join(', ')} did not stop`,
      );
      return EXIT.interrupted;
    }
    if (going.length === 0) throw refusal(stopped, target.connection.cluster);
    say('waiting for the traces');
    const wanted = { tool, attemptDir: serving.attemptDir, folder, before, timeouts };
    const profiled = await Promise.all(
      stopped.map(
        async (each): Promise<Profiled> => ({
          ...each,
          traces: each.started.done ? await tracesOf(host, each.worker, wanted, world.signal) : [],
        }),
      ),
    );
    if (world.signal.aborted) return EXIT.interrupted;
    world.out.write(profileText(facts, profiled, options.json === true, world));
    const stuck = profiled.filter((each) => each.started.done && !each.stopped.done);
    for (const { worker } of stuck)
      say(
        `${worker.step} may go on profiling, and its memory grow: \`dyn-slurm restart ${target.run.id} ${worker.step}\` ends that`,
      );
    return profiled.every(({ started, stopped, traces }) => started.done && stopped.done && traces.length > 0)
      ? EXIT.ok
      : EXIT.jobFailed;
  } finally {
    over.abort();
    // Until then the job does not take the worker for one that hangs.
    await host.writeFiles(folder, new Map([['ended', { text: '', mode: 0o600 }]])).catch(() => {});
  }
}
