import { EXIT } from '../../../errors.ts';
import { elapsed } from '../../../format.ts';
import { plainText } from '../../../host/plain-text.ts';
import { watchRun } from '../../../observe/watch.ts';
import type { Plan } from '../../../plan/plan.ts';
import { SAMPLES } from '../../../plan/sample-request.ts';
import { streamChat } from '../../../rehearsal/chat.ts';
import { UNREAL_ON_CPU } from '../../../rehearsal/cpu.ts';
import { type Fault, faultText } from '../../../rehearsal/fault.ts';
import { ignoredArguments } from '../../../rehearsal/ignored.ts';
import type { RehearsalEngine } from '../../../rehearsal/rehearsable.ts';
import { askSample } from '../../../rehearsal/sample.ts';
import { seesImages, unreal } from '../../../rehearsal/unreal.ts';
import type { EventOf, ObservedEvent } from '../../../run/events.ts';
import { readPlan } from '../../../run/plan-file.ts';
import { NEW_RUN, type RunState } from '../../../run/state.ts';
import { exitOfRun } from '../../runs/exit.ts';
import { jsonLine } from '../../sink.ts';
import { benchedEnd } from '../../views/bench-text.ts';
import { type Screen, screenOf, showEvents } from '../../views/screen.ts';
import { endingText } from '../../views/verdict-text.ts';
import type { World } from '../../world.ts';
import { rehearseBench } from '../bench/builtin.ts';
import type { ConfigOptions } from '../options.ts';
import { runSteps } from './checklist.ts';
import { lastState, processesLeft, type Rehearsed, tearDown } from './ending.ts';

export interface RehearseOptions extends ConfigOptions {
  /** With what workers serve; mock engines by default. */
  readonly engine?: RehearsalEngine;
  /** How much faster than real engines the mock engines answer. */
  readonly speedup?: string;
  /** Leave the service running. */
  readonly keep?: boolean;
  /** `STEP[.RANK]:ACTION[@WHEN]`, see docs/rehearsal.md. */
  readonly fault?: readonly string[];
  readonly prompt?: string;
  /** Run what the config has under `setup`, too. */
  readonly setup?: boolean;
}

export interface Rehearsal extends Rehearsed {
  readonly faults: readonly Fault[];
  readonly plan: Plan;
  /** Why the config's benchmark was left out, where it was. */
  readonly leftOut: string | undefined;
}

const PROMPT = 'Why do large models need so many GPUs?';
const TOKENS = 48;
/** Characters of an answer that are shown, where it is no text. */
const SHOWN = 200;
/** Milliseconds that a fault may take to end the run once it is due. */
const FAULT_TIMEOUT = 120_000;

/** A rehearsal after its job was sent: until it is ready, a chat, and the teardown. The exit code. */
export async function runRehearsal(
  rehearsal: Rehearsal,
  options: RehearseOptions,
  world: World,
): Promise<number> {
  const screen = screenOf(world, options.json);
  for (const fault of rehearsal.faults) {
    if (options.json) world.out.write(jsonLine({ kind: 'fault', ...fault }));
    else world.err.write(`fault: ${faultText(fault)}\n`);
  }
  const state = await showUntilReady(rehearsal, screen, world);
  if (state.verdict) {
    const left = await processesLeft(rehearsal, world.signal);
    world.err.write(`\n${await endingText(state.verdict, rehearsal.run, rehearsal.connection.host)}`);
    world.err.write(`  processes  ${left.length === 0 ? 'none left' : `left: ${left.join(', ')}`}\n`);
    return exitOfRun(state);
  }
  const { ready } = state;
  if (world.signal.aborted || ready === undefined) {
    await tearDown(rehearsal, screen, world);
    return EXIT.interrupted;
  }
  let answer: string;
  try {
    answer = await ask(ready, rehearsal, options, world);
  } catch (error) {
    // A benchmark that ends at once takes the service with it, in the middle of the chat.
    if (endsByItself(rehearsal) && !world.signal.aborted)
      return concludeBenchmark(rehearsal, options, screen, world);
    await tearDown(rehearsal, screen, world);
    if (world.signal.aborted) return EXIT.interrupted;
    throw error;
  }
  let code: number = EXIT.ok;
  if (options.keep) world.out.write(options.json ? '' : keptText(ready.url, rehearsal));
  else if (endsByItself(rehearsal)) return concludeBenchmark(rehearsal, options, screen, world);
  else if (rehearsal.plan.bench) code = await measureItself(rehearsal, ready, options, screen, world);
  else await tearDown(rehearsal, screen, world, { passed: true });
  if (!options.json) {
    const ignored = await ignoredArguments(rehearsal.connection.host, rehearsal.run.dir);
    const untested = [
      ...(ignored.length === 0
        ? []
        : [`${options.engine === 'cpu' ? 'the CPU engine' : 'mock engines'} ignored ${ignored.join(' ')}`]),
      ...(options.setup || !hasSetup(rehearsal)
        ? []
        : ['setup, which would change this machine; --setup runs it']),
    ];
    const notReal = options.engine === 'cpu' ? UNREAL_ON_CPU : unreal(rehearsal.plan);
    world.out.write(summary(state, answer, rehearsal, { notReal, untested }));
  }
  return code;
}

/** Shows the run until it is ready, or has ended. A fault that is to strike a ready run is waited for. */
async function showUntilReady(rehearsal: Rehearsal, screen: Screen, world: World): Promise<RunState> {
  const { connection, run, submitted, faults } = rehearsal;
  const fatal = faults.filter(({ when, action }) => when === 'ready' && ENDING.has(action.kind));
  if (fatal.length > 0 && screen.renderer !== 'json')
    world.err.write('waiting up to 2 min for the effects of the faults before the chat\n');
  const delays = fatal.map(({ delay }) => delay);
  const timeout = fatal.length === 0 ? 0 : FAULT_TIMEOUT + 1000 * Math.max(...delays);
  const outline = await readPlan(connection.host, run);
  return showEvents(eventsOf(rehearsal, timeout, world), { outline, submitted, through: 'ready' }, screen);
}

/** What can end a run: a step that stands still for good loses its registration. */
const ENDING: ReadonlySet<Fault['action']['kind']> = new Set(['exit', 'kill', 'stop']);

/** The run's events until `timeout` (ms) after it was ready. */
async function* eventsOf(
  { connection, run, jobId }: Rehearsal,
  timeout: number,
  world: World,
): AsyncGenerator<ObservedEvent> {
  const stop = new AbortController();
  const signal = AbortSignal.any([world.signal, stop.signal]);
  for await (const event of watchRun(connection, { dir: run.dir, jobId }, signal)) {
    yield event;
    // What stands still ends nothing where others can take over.
    if (event.kind === 'unregistered' || event.kind === 'stalled') return;
    if (event.kind !== 'ready') continue;
    if (timeout === 0) return;
    setTimeout(() => stop.abort(), timeout).unref();
  }
}

/** Asks the service for what it serves, as a client would; what its answer came to. */
async function ask(
  { url, model }: EventOf<'ready'>,
  { plan }: Rehearsal,
  { prompt = PROMPT, json = false }: RehearseOptions,
  world: World,
): Promise<string> {
  const { signal } = world;
  const { surface } = plan.readiness;
  const sample = SAMPLES[surface];
  if (surface !== 'chat' && sample !== undefined) {
    const { duration, text } = await askSample(sample, { url, model, signal });
    if (json) world.out.write(jsonLine({ kind: surface, path: sample.path, duration: duration / 1000 }));
    else world.out.write(`\n> ${sample.path} ${JSON.stringify(sample.body)}\n${text.slice(0, SHOWN)}…\n\n`);
    return `answer      ${sample.what} after ${Math.round(duration)} ms`;
  }
  let text = '';
  const image = seesImages(plan.workers);
  if (!json) world.out.write(`\n> ${prompt}${image ? ' (with an image)' : ''}\n`);
  const chat = await streamChat({ url, model, prompt, image, maxTokens: TOKENS, signal }, (piece) => {
    text += piece;
    if (!json) world.out.write(plainText(piece));
  });
  world.out.write(json ? jsonLine({ kind: 'chat', prompt, text, ...chat }) : '\n\n');
  return `completion  ${chat.tokens} tokens, ${chat.tokensPerSecond.toFixed(1)} tok/s, first after ${Math.round(chat.timeToFirstToken * 1000)} ms`;
}

/** Waits for the benchmark, and with it for the job's end. */
async function concludeBenchmark(
  rehearsal: Rehearsal,
  { json }: RehearseOptions,
  screen: Screen,
  world: World,
): Promise<number> {
  const { connection, run } = rehearsal;
  let state = NEW_RUN;
  await runSteps(
    [
      {
        title: 'benchmark',
        run: async () => {
          state = await lastState(rehearsal, world.signal);
          return state.verdict?.reason;
        },
      },
    ],
    screen,
  );
  if (state.verdict === undefined) {
    await tearDown(rehearsal, screen, world);
    return EXIT.interrupted;
  }
  if (json) world.out.write(jsonLine(state.verdict));
  else world.err.write(`\n${await endingText(state.verdict, run, connection.host)}`);
  const { code, text } = await benchedEnd(connection.host, run, state, world.page);
  if (!json) world.out.write(text);
  return code;
}

/** A job with a benchmark that runs in it. */
const endsByItself = ({ plan: { bench } }: Rehearsal): boolean =>
  bench !== undefined && bench.config.type !== 'builtin';

/** The built-in benchmark, and the teardown; the exit code. */
async function measureItself(
  rehearsal: Rehearsal,
  service: EventOf<'ready'>,
  options: RehearseOptions,
  screen: Screen,
  world: World,
): Promise<number> {
  let code: number | undefined;
  try {
    code = await rehearseBench({ ...rehearsal, service }, options, world);
    return code;
  } finally {
    await tearDown(rehearsal, screen, world, { passed: code === EXIT.ok });
  }
}

const hasSetup = ({ plan: { steps } }: Rehearsal): boolean =>
  steps.some(({ setups }) => setups !== undefined);

function summary(
  { ready }: RunState,
  answer: string,
  { run, submitted, leftOut }: Rehearsal,
  { notReal, untested }: { readonly notReal: readonly string[]; readonly untested: readonly string[] },
): string {
  const waited = Date.parse(ready?.time ?? '') - Date.parse(submitted);
  return [
    '',
    `ready       ${elapsed(waited)} after submit`,
    answer,
    ...notReal.map((what) => `not real    ${what}`),
    ...(leftOut === undefined ? [] : [`left out    the benchmark: ${leftOut}`]),
    ...untested.map((what) => `not tested  ${what}`),
    `run folder  ${run.dir}`,
    '',
  ].join('\n');
}

function keptText(url: string, { run }: Rehearsal): string {
  return [
    `serving at ${url}; it continues until you end it`,
    `  try    curl ${url}/v1/models`,
    `  watch  dyn-slurm watch ${run.id}`,
    `  end    dyn-slurm cancel ${run.id}`,
    '',
  ].join('\n');
}
