import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf } from '../processes.ts';
import { completion, post } from './clients.ts';
import { SERVED, writeConfig } from './config.ts';
import { type Leftovers, leftAfter, leftWrong, memoryInUse } from './machine.ts';
import { role } from './parts.ts';
import { awaitEvent, eventOf, eventsOf, last, type Product, Refused, type Submitted } from './product.ts';
import type { Settings } from './settings.ts';

/** A way in which an engine fails, and what has to be said about it. */
export interface FailurePart {
  readonly name: string;
  readonly title: string;
  readonly cpu?: true;
  /** Arguments of the engine. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly more?: Readonly<Record<string, unknown>>;
  /** Holds the GPU's memory, but for so many GiB, before the engine starts. */
  readonly strangerLeaves?: number;
  /** What is done to the service once it is ready. */
  readonly harm?: (run: Submitted, settings: Settings) => Promise<void>;
  /** What the verdict, as printed, has to say, and what it must not say. */
  readonly says: RegExp;
  readonly not?: RegExp;
}

export interface FailureFigures {
  readonly run?: string;
  /** From the submission, or from the harm, to the verdict. */
  readonly seconds?: number;
  /** The verdict's reason, and all that `watch` printed from it on. */
  readonly reason?: string;
  readonly printed?: string;
  /** Events that told of it before the verdict. */
  readonly events?: readonly unknown[];
  readonly left?: Leftovers;
  readonly problems: readonly string[];
}

/** Seconds until the verdict, from the harm. */
const VERDICT = 120;
const SCHEDULER = { sglang: 'sglang::scheduler', vllm: 'VLLM::EngineCore' };

export function failureParts({ engine, cpu }: Settings): readonly FailurePart[] {
  const memory = engine === 'sglang' ? 'mem-fraction-static' : 'gpu-memory-utilization';
  return [
    {
      name: 'bad-flag',
      title: 'an argument that the engine does not know',
      cpu: true,
      args: { 'no-such-flag': 7 },
      says: /unrecognized arguments: --no-such-flag/,
    },
    {
      name: 'out-of-memory',
      title: 'a KV cache that leaves no memory for anything else',
      args: { [memory]: 0.9995 },
      says: /out of memory/i,
    },
    {
      name: 'no-kv-memory',
      title: 'weights that leave no memory for the KV cache',
      args: { [memory]: 0.004 },
      says: new RegExp(`(raise|increase)[^\\n]*${memory}`, 'i'),
      not: /kernel/i,
    },
    {
      name: 'memory-held',
      title: "another program holds the GPU's memory",
      args: { [memory]: 0.9 },
      strangerLeaves: 3,
      more: { health: { preflight: false } },
      says: /process(es)? \d+|other process|another process|another program/i,
    },
    {
      name: 'scheduler-killed',
      title: 'kill -9 of the scheduler process, under load',
      cpu: true,
      args: {},
      harm: (run, settings) => signalScheduler(run, 'SIGKILL', settings),
      says: engine === 'sglang' ? /scheduler[\s\S]*killed from outside/ : /EngineCore/,
      not: /kernel/i,
    },
    {
      name: 'scheduler-stopped',
      title: 'kill -STOP of the scheduler process, under load',
      cpu: true,
      args: {},
      // On a busy CPU a token may take seconds.
      more: { health: { hang: cpu ? '60s' : '15s' } },
      harm: (run, settings) => signalScheduler(run, 'SIGSTOP', settings),
      // The step that looks at the processes may take longer than it may, on a busy CPU.
      says: cpu ? /stands still/ : /stands still[\s\S]*stopped the process with SIGSTOP/,
    },
  ];
}

/** Starts a service that fails, and holds what is said against what is true. Nothing of it is left, whatever happens. */
export async function tryFailure(
  part: FailurePart,
  product: Product,
  settings: Settings,
): Promise<FailureFigures> {
  let stranger: ChildProcess | undefined;
  try {
    if (part.strangerLeaves !== undefined) stranger = await holdMemory(part.strangerLeaves, settings);
    return await failed(part, product, settings);
  } catch (error) {
    if (stranger === undefined || !(error instanceof Refused))
      return { problems: [error instanceof Error ? error.message : String(error)] };
    // Sooner than a verdict: nothing was started.
    return { printed: error.printed, problems: saidWrong(part, error.printed) };
  } finally {
    stranger?.kill('SIGKILL');
  }
}

async function failed(part: FailurePart, product: Product, settings: Settings): Promise<FailureFigures> {
  const before = memoryInUse(settings);
  const config = { aggregated: role(settings, {}, part.args), ...part.more };
  const run = await product.submit(writeConfig(part.name, config, settings));
  const printed = join('printed', `${part.name}.txt`);
  const watch = product.background(['watch', run.id], printed);
  const problems: string[] = [];
  let since = run.at;
  try {
    const { since: from, patience } = await harmed(part, run, settings);
    since = from;
    await awaitEvent(run, ['verdict'], patience);
    await Promise.race([watch.done, sleep(20_000)]);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    if (eventOf(run, 'verdict') === undefined) await product.call(['cancel', run.id]);
    await watch.stop();
  }
  const { seconds: _, ...left } = await leftAfter(run.dir, before, settings);
  const text = readFileSync(join(settings.work, printed), 'utf8');
  const verdict = eventOf(run, 'verdict');
  if (problems.length === 0) problems.push(...saidWrong(part, text));
  return {
    run: run.id,
    ...(verdict && {
      seconds: Math.round((Date.parse(verdict.time) - since) / 100) / 10,
      reason: 'reason' in verdict ? String(verdict.reason) : '',
    }),
    printed: verdictOf(text),
    events: eventsOf(run).filter(({ kind }) =>
      ['hung', 'stalled', 'process-ended', 'warning'].includes(kind),
    ),
    left,
    problems: [...problems, ...leftWrong(left)],
  };
}

/** From the verdict on: what comes before tells of a start, and of kernels that are compiled, too. */
function verdictOf(text: string): string {
  const at = text.lastIndexOf('\nfailed after ');
  return last(text.slice(Math.max(0, at)), 2500);
}

function saidWrong({ says, not }: FailurePart, printed: string): readonly string[] {
  const text = verdictOf(printed);
  return [
    ...(says.test(text) ? [] : [`what is printed does not say ${says}`]),
    ...(not?.test(text) ? [`what is printed says ${not}`] : []),
  ];
}

/** Does the harm, once the service is ready; the time from which the verdict's is counted, and seconds in which it has to come. */
async function harmed(
  part: FailurePart,
  run: Submitted,
  settings: Settings,
): Promise<{ readonly since: number; readonly patience: number }> {
  const first = await awaitEvent(run, ['ready', 'verdict'], settings.patience);
  if (part.harm === undefined) {
    if (first.kind !== 'ready') return { since: run.at, patience: 0 };
    // What only shows under load: an engine that comes up is asked for something.
    await load(first.url, 32, 8).catch(() => {});
    return { since: run.at, patience: 20 };
  }
  if (first.kind !== 'ready') throw new Error(`was not ready: ${JSON.stringify(first)}`);
  await run.answered;
  await completion(first.url, SERVED, 8);
  void load(first.url, 4, 1000).catch(() => {});
  await sleep(2000);
  const since = Date.now();
  await part.harm(run, settings);
  return { since, patience: settings.cpu ? 5 * VERDICT : VERDICT };
}

/** So many clients, each with so many answers, until one fails. */
async function load(url: string, clients: number, answers: number): Promise<void> {
  const client = async () => {
    for (let done = 0; done < answers; done++) {
      const prompt = `${done} ${'snow on the mountains '.repeat(100)}`;
      await post(`${url}/v1/completions`, { model: SERVED, prompt, max_tokens: 64, ignore_eos: true });
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function signalScheduler(run: Submitted, signal: NodeJS.Signals, { engine }: Settings): Promise<void> {
  const processes = processesOf(run.dir);
  const found = processes.find((line) => line.includes(SCHEDULER[engine]));
  if (found === undefined)
    throw new Error(
      `no ${SCHEDULER[engine]} among ${processes.map((line) => line.slice(0, 100)).join('; ')}`,
    );
  process.kill(Number.parseInt(found, 10), signal);
}

/** Another program that holds all memory of the first GPU but so many GiB. */
async function holdMemory(leave: number, { python }: Settings): Promise<ChildProcess> {
  const program = `
import time, torch
free, _ = torch.cuda.mem_get_info()
held = torch.empty(free - (${leave} << 30), dtype=torch.uint8, device='cuda')
print('held', held.numel() >> 20, flush=True)
time.sleep(600)`;
  const child = spawn(python, ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => resolve());
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`the program that holds memory ended with ${code}`)));
    });
  } finally {
    clearTimeout(late);
  }
  return child;
}
