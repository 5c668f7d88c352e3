import { EXIT } from '../../../errors.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import { watchRun } from '../../../observe/watch.ts';
import { SAMPLES } from '../../../plan/sample-request.ts';
import { quoteCommand } from '../../../render/shell.ts';
import type { EventOf, ObservedEvent } from '../../../run/events.ts';
import { readPlan } from '../../../run/plan-file.ts';
import type { RunState } from '../../../run/state.ts';
import type { LocalConnection } from '../../runs/cluster/connect.ts';
import { exitOfRun } from '../../runs/exit.ts';
import type { Sent } from '../../runs/submit/send.ts';
import { screenOf, showEvents } from '../../views/screen.ts';
import { endingText } from '../../views/verdict-text.ts';
import type { World } from '../../world.ts';
import { cancel } from '../run/cancel.ts';
import { drain } from '../session/release.ts';

/** Milliseconds that Slurm's stand-in has to hear that the job is to end, of a command that is being ended itself. */
const LAST_CALL = 1500;

interface Options {
  readonly json?: boolean;
}

/**
 * Shows a service's start and stays with it until it ends. Ctrl-C ends it: once the requests in progress are answered, at once
 * at the second time. The exit code.
 */
export async function stayWith(
  sent: Sent,
  connection: LocalConnection,
  options: Options,
  world: World,
): Promise<number> {
  const { run, jobId, submitted } = sent;
  const { scheduler, host } = connection;
  const stop = new AbortController();
  const forget = world.onInterrupt(() => stop.abort());
  const signal = AbortSignal.any([world.signal, stop.signal]);
  const screen = screenOf(world, options.json);
  const stream = watchRun(connection, { dir: run.dir, jobId }, signal)[Symbol.asyncIterator]();
  /** Goes on where the one before it has stopped. */
  const events = async function* (until?: ObservedEvent['kind']): AsyncGenerator<ObservedEvent> {
    for (;;) {
      const { value, done } = await stream.next();
      if (done) return;
      // Slurm's queue has nothing to say of a job that serves.
      if (until !== undefined || value.kind !== 'queue') yield value;
      if (value.kind === until) return;
    }
  };
  let state: RunState;
  try {
    const outline = await readPlan(host, run);
    state = await showEvents(events('ready'), { outline, submitted, through: 'ready' }, screen);
    const { ready } = state;
    if (ready && !state.verdict && !signal.aborted) {
      if (!options.json) world.out.write(servingText(ready, sent));
      const lines = screenOf(world, options.json, 'lines');
      const rest = await showEvents(events(), { outline }, lines);
      state = { ...rest, ready };
    }
  } finally {
    forget();
  }
  if (state.verdict) {
    if (!options.json) world.err.write(`\n${await endingText(state.verdict, run, host)}`);
    return exitOfRun(state);
  }
  if (world.signal.aborted) {
    const release = world.holdEnd();
    await scheduler.cancel(jobId, timeLimit(LAST_CALL)).finally(release);
    return EXIT.interrupted;
  }
  return endService(sent, state, options, world);
}

/** Drains a service that is ready, and ends one that is not; a second Ctrl-C ends it at once. */
async function endService(
  { run }: Sent,
  { ready }: RunState,
  options: Options,
  world: World,
): Promise<number> {
  if (ready) {
    const hurry = new AbortController();
    const forget = world.onInterrupt(() => hurry.abort());
    if (!options.json)
      world.err.write('\nending once the requests in progress are answered; Ctrl-C ends it at once\n');
    try {
      const signal = AbortSignal.any([world.signal, hurry.signal]);
      const code = await drain(run.id, options, { ...world, signal });
      if (!hurry.signal.aborted) return code === EXIT.cancelled ? EXIT.ok : code;
    } finally {
      forget();
    }
  }
  return cancel(run.id, options, world);
}

function servingText({ url, model, surface }: EventOf<'ready'>, { run }: Sent): string {
  const sample = SAMPLES[surface ?? 'chat'];
  const curl = sample && [
    ...['curl', `${url}${sample.path}`, '-H', 'Content-Type: application/json'],
    ...['-d', JSON.stringify({ model, ...sample.body })],
  ];
  return [
    '',
    `serving ${model} at ${url}`,
    ...(curl ? [`  try    ${quoteCommand(curl)}`] : []),
    `  watch  dyn-slurm watch ${run.id}`,
    `  logs   dyn-slurm logs -f ${run.id}`,
    '  end    Ctrl-C',
    '',
  ].join('\n');
}
