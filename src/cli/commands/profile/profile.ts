import { join } from 'node:path/posix';
import { count } from '../../../config/text/plural.ts';
import { EXIT } from '../../../errors.ts';
import { dialerFor } from '../../../observe/service/dialer.ts';
import { benchTarget } from '../../runs/bench-target.ts';
import { jsonText } from '../../sink.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';
import { type Chosen, chooseWorkers, servingOf, type Tool } from './choice.ts';
import { startAll, stopAll } from './engine.ts';
import { MEMORY_BOUNDS, type MemoryBounds, memoryExceeded } from './memory.ts';
import { idleAmong, keepBusy } from './own-requests.ts';
import { type Profiled, profileText, refusal } from './profile-text.ts';
import { awaitSteps, countDown, newFolder, stepsOf } from './span.ts';
import {
  collectReports,
  filesBefore,
  launchedTraces,
  nsysReports,
  TRACE_TIMEOUTS,
  type TraceTimeouts,
  wholeTraces,
} from './traces.ts';

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

/** Requests at a time that an idle worker gets, by ours. */
const REQUESTS_EACH = 2;

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
  const { steps, seconds } = stepsOf(options, workers);
  const facts = {
    run: target.run.id,
    tool,
    folder,
    started: started.toISOString(),
    seconds: seconds ?? null,
    steps: steps ?? null,
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
        ...(steps !== undefined && { num_steps: steps }),
      },
    })),
    world.signal,
  );
  const going = profiling.filter(({ started }) => started.done);
  for (const each of profiling) if (!each.started.done) say(`${each.worker.step}: ${each.started.reason}`);
  // Requests of ours go on until the engines have stopped.
  const over = new AbortController();
  let sends = false;
  const send = (why: string) => {
    if (sends || over.signal.aborted || going.length === 0) return;
    sends = true;
    say(`${why}: short requests are sent to the service until the profile is over`);
    void keepBusy(serving.ready, REQUESTS_EACH * serving.workers.length, dialer, over.signal);
  };
  try {
    let stopped = profiling;
    if (going.length > 0) {
      const names = going.map(({ worker }) => worker.step).join(', ');
      say(`profiling ${names} ${steps === undefined ? `for ${seconds} s` : `for ${count(steps, 'step')}`}`);
      if (idle.length > 0)
        send(
          `${idle.join(', ')} ${idle.length === 1 ? 'has' : 'have'} no requests, without which there is nothing to profile`,
        );
    }
    const enough = new AbortController();
    const watched = memoryExceeded(
      target,
      going.map(({ worker }) => worker),
      memory,
      over.signal,
    ).then((reason) => {
      if (reason === undefined || over.signal.aborted) return;
      say(`the profile stops early: ${reason}`);
      enough.abort();
    });
    const signal = AbortSignal.any([world.signal, enough.signal]);
    const done =
      going.length > 0 &&
      (steps === undefined
        ? await countDown(seconds, world, signal)
        : await awaitSteps(steps, { host, going, folder, tool, signal, say, send }));
    if (!done)
      stopped = await stopAll(dialer, profiling, () => send('engines stop only with a forward pass'));
    void watched;
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
    const tracesOf = (worker: Chosen) => {
      const { profiler } = worker;
      if (tool === 'nsys')
        return collectReports(host, serving.attemptDir, folder, worker, before, timeouts, world.signal);
      if (profiler.kind === 'launched')
        return launchedTraces(host, { ...worker, profiler }, before, timeouts, world.signal);
      return wholeTraces(host, join(folder, worker.step), Math.max(1, worker.gpus), timeouts, world.signal);
    };
    const profiled = await Promise.all(
      stopped.map(
        async (each): Promise<Profiled> => ({
          ...each,
          traces: each.started.done ? await tracesOf(each.worker) : [],
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
  }
}
