import { join } from 'node:path/posix';
import { count } from '../../../config/text/plural.ts';
import { EXIT } from '../../../errors.ts';
import type { Host } from '../../../host/host.ts';
import { pause } from '../../../host/pause.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import { dialerFor } from '../../../observe/service/dialer.ts';
import { benchTarget } from '../../runs/bench-target.ts';
import { jsonText } from '../../sink.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';
import { chooseWorkers, servingOf, type Tool } from './choice.ts';
import { type Profiling, startAll, stopAll } from './engine.ts';
import { type Profiled, profileText, refusal } from './profile-text.ts';
import { collectReports, nsysReports, TRACE_TIMEOUTS, type TraceTimeouts, wholeTraces } from './traces.ts';

export interface ProfileOptions extends RunOptions {
  readonly role?: string;
  readonly worker?: readonly string[];
  readonly tool: Tool;
  readonly seconds?: number;
  readonly steps?: number;
  readonly activities?: readonly string[];
  /** Milliseconds that engines have; tests have less. */
  readonly timeouts?: TraceTimeouts;
}

/** Seconds. */
const USUAL = 10;
/** Milliseconds that an engine has for its steps. */
const STEPS_LIMIT = 600_000;

/** `dyn-slurm profile [RUN]`: profiles workers while they serve, and lists the traces. */
export async function profile(
  query: string | undefined,
  options: ProfileOptions,
  world: World,
): Promise<number> {
  const target = await benchTarget(query, options, world);
  const { host } = target.connection;
  const serving = await servingOf(target);
  const { tool, steps, timeouts = TRACE_TIMEOUTS } = options;
  const workers = chooseWorkers(options, serving.workers, serving.planned);
  const started = world.now();
  const folder = await newFolder(host, join(serving.attemptDir, 'profiles'), started);
  const seconds = steps === undefined ? (options.seconds ?? USUAL) : undefined;
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
  const before = tool === 'nsys' ? await nsysReports(host, serving.attemptDir) : new Set<string>();
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
  for (const each of profiling) {
    if (!each.started.done) world.err.write(`${each.worker.step}: ${each.started.reason}\n`);
  }
  if (going.length > 0) {
    const names = going.map(({ worker }) => worker.step).join(', ');
    world.err.write(
      `profiling ${names} ${steps === undefined ? `for ${seconds} s` : `for ${count(steps, 'step')}`}\n`,
    );
  }
  let stopped: readonly Profiling[];
  if (steps === undefined || going.length === 0) {
    if (going.length > 0) await countDown(seconds ?? USUAL, world);
    stopped = await stopAll(dialer, profiling);
  } else {
    const late = timeLimit(STEPS_LIMIT);
    const done = await stepsDone(host, going, folder, tool, AbortSignal.any([world.signal, late]));
    stopped = done ? profiling : await stopAll(dialer, profiling);
    if (late.aborted)
      world.err.write(
        `fewer than ${count(steps ?? 0, 'step')} completed within ${STEPS_LIMIT / 60_000} min\n`,
      );
  }
  if (world.signal.aborted) {
    world.err.write(`interrupted; the profilers were stopped, and traces are in ${folder}\n`);
    return EXIT.interrupted;
  }
  if (going.length === 0) throw refusal(stopped, target.connection.cluster);
  world.err.write('waiting for the traces\n');
  const profiled = await Promise.all(
    stopped.map(async (each): Promise<Profiled> => {
      if (!each.started.done) return { ...each, traces: [] };
      const { worker } = each;
      const traces =
        tool === 'nsys'
          ? collectReports(host, serving.attemptDir, folder, worker, before, timeouts, world.signal)
          : wholeTraces(host, join(folder, worker.step), Math.max(1, worker.gpus), timeouts, world.signal);
      return { ...each, traces: await traces };
    }),
  );
  if (world.signal.aborted) return EXIT.interrupted;
  world.out.write(profileText(facts, profiled, options.json === true, world));
  return profiled.every(({ started, stopped, traces }) => started.done && stopped.done && traces.length > 0)
    ? EXIT.ok
    : EXIT.jobFailed;
}

/** A name for the folder: `20251124-104512`, UTC, `20251124-104512-2` where there is one. */
async function newFolder(host: Host, parent: string, time: Date): Promise<string> {
  const id = time.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const taken = (await host.list(parent)).filter((name) => name.startsWith(id)).length;
  return join(parent, taken === 0 ? id : `${id}-${taken + 1}`);
}

/** Ends early where it is interrupted. */
async function countDown(seconds: number, world: World): Promise<void> {
  const every = 5;
  for (let left = seconds; left > 0; left -= every) {
    if (!(await pause(Math.min(every, left) * 1000, world.signal))) return;
    if (left > every) world.err.write(`${Math.round(left - every)} s left\n`);
  }
}

/** Whether every engine came to its steps: it then writes its traces by itself. */
async function stepsDone(
  host: Host,
  going: readonly Profiling[],
  folder: string,
  tool: Tool,
  signal: AbortSignal,
): Promise<boolean> {
  if (tool === 'nsys') return pause(STEPS_LIMIT, signal);
  for (;;) {
    const written = await Promise.all(going.map(({ worker }) => host.list(join(folder, worker.step))));
    if (written.every((files) => files.length > 0)) return true;
    if (!(await pause(500, signal))) return false;
  }
}
