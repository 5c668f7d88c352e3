import { join } from 'node:path';
import { isBenchTool } from '../../../config/schema/bench.ts';
import { DynSlurmError } from '../../../errors.ts';
import type { HostFile } from '../../../host/host.ts';
import { listLogs } from '../../../observe/log-file.ts';
import { LogTail } from '../../../observe/log-tail.ts';
import { benchSteps } from '../../../plan/bench-step.ts';
import type { StepBody } from '../../../plan/plan.ts';
import { changedStepFiles } from '../../../render/step-files.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import type { BenchTarget } from '../../runs/bench-target.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { tell } from '../../runs/session/command.ts';
import type { Steered } from '../../runs/session/lookup.ts';
import { sessionNow } from '../../runs/session/steps.ts';
import { eventText } from '../../views/event-text.ts';
import type { World } from '../../world.ts';
import { type BenchEnd, type WantedBench, writeBench } from './wanted.ts';

const BENCH = 'bench';

/** Runs a benchmark as a step of the job, and shows how it goes; undefined on an interrupt, and then it goes on. */
export async function runStep(
  wanted: WantedBench,
  target: BenchTarget,
  { json = false }: { readonly json?: boolean },
  world: World,
): Promise<BenchEnd | undefined> {
  const { id } = target.run;
  if (await isRunning(target)) {
    throw new DynSlurmError('usage', `a benchmark is already running in ${id}`, {
      hint: `follow it with \`dyn-slurm logs -f ${id} bench\`, or stop it with \`dyn-slurm bench ${id} --stop\``,
    });
  }
  const { bench } = wanted.plan;
  const tool = bench !== undefined && isBenchTool(bench.config.type);
  const log = json || tool ? undefined : await benchLog(target, world);
  let end: BenchEnd | undefined;
  for await (const event of await start(wanted, target, world)) {
    if (event.kind === 'step-started' && event.step === BENCH) log?.follow();
    if (NEWS.has(event.kind) && !json) world.err.write(`${eventText(event)}\n`);
    end =
      event.kind === 'verdict' ? { exit: null, reason: `the job has ended: ${event.reason}` } : endOf(event);
    if (end) break;
  }
  await log?.stop();
  if (end === undefined) {
    const then = `\`dyn-slurm bench ${id} --show\` shows its results, \`--stop\` stops it`;
    world.err.write(`\nstopped watching; the benchmark keeps running: ${then}\n`);
  }
  return end;
}

const NEWS: ReadonlySet<ObservedEvent['kind']> = new Set([
  'bench-point',
  'worker-restarting',
  'degraded',
  'draining',
  'unregistered',
]);

/** Ends the benchmark that was asked for. @throws DynSlurmError `usage` where none runs. */
export async function stopBench(target: BenchTarget, world: World): Promise<void> {
  const { run } = target;
  if (!(await isRunning(target))) throw new DynSlurmError('usage', `no benchmark is running in ${run.id}`);
  const { events } = tell(steeredOf(target), { verb: 'stop', steps: [{ name: BENCH }] }, world);
  for await (const event of events) {
    if (event.kind === 'verdict' || endOf(event)) break;
  }
  world.err.write(`the benchmark of ${run.id} has ended\n`);
}

async function start(
  wanted: WantedBench,
  target: BenchTarget,
  world: World,
): Promise<AsyncIterable<ObservedEvent>> {
  const { run, connection } = target;
  const { name, plan, original: own, done } = wanted;
  const id = world.randomHex(3);
  const [step] = benchSteps(plan.bench, { name, done });
  if (step === undefined) throw new Error('a benchmark without a step');
  const [configured] = benchSteps(own.bench);
  const template = (file: string) => world.readFile(join(world.packageRoot, 'templates', file));
  const folder = `commands/changes/${id}`;
  const original: StepBody = { ...step, secrets: configured?.secrets ?? {} };
  const files = changedStepFiles({ plan, step, original, folder, template: await template('step.sh.hbs') });
  const runner: readonly (readonly [string, HostFile])[] = wanted.again
    ? []
    : await Promise.all(
        ['bench.sh', ...(plan.bench?.config.accuracy ? ['accuracy.py'] : [])].map(
          async (name) => [name, { text: await template(name), mode: 0o600 }] as const,
        ),
      );
  await writeBench(wanted, target, new Map(runner), world);
  await connection.host.writeFiles(run.dir, new Map<string, HostFile>(files));
  return tell(steeredOf(target), { verb: 'start', steps: [{ name: BENCH, change: id }] }, world).events;
}

function steeredOf({ run, connection }: BenchTarget): Steered {
  const { job } = run;
  if (job === undefined) throw new DynSlurmError('usage', `run ${run.id} has no job`);
  return { run, connection, job };
}

async function isRunning(target: BenchTarget): Promise<boolean> {
  const { steps } = await sessionNow(target);
  return steps.some(({ kind, phase }) => kind === 'bench' && (phase === 'starting' || phase === 'serving'));
}

function endOf(event: ObservedEvent): BenchEnd | undefined {
  if (event.kind === 'step-stopped' && event.step === BENCH)
    return { exit: null, reason: 'the benchmark was stopped' };
  if (event.kind !== 'step-ended' || event.step !== BENCH) return undefined;
  return { exit: event.exit ?? null, reason: event.reason };
}

/** Prints what the benchmark of a run says from now on, between `follow` and `stop`. */
async function benchLog({ run, connection: { host } }: FoundRun, { out }: World) {
  const logs = async () => (await listLogs(host, run, undefined)).filter(({ step }) => step === BENCH);
  const print = (lines: readonly string[]) => out.write(lines.map((line) => `${line}\n`).join(''));
  const tails = new Map<string, LogTail>();
  // What an earlier benchmark has printed is left out.
  for (const log of await logs())
    tails.set(log.path, new LogTail(host, log, (await host.read(log.path, 0, 0))?.size));
  const readOn = async () => {
    for (const log of await logs()) {
      const tail = tails.get(log.path) ?? new LogTail(host, log);
      tails.set(log.path, tail);
      await tail.read(print);
    }
  };
  let timer: NodeJS.Timeout | undefined;
  let reading = Promise.resolve();
  return {
    follow(): void {
      timer ??= setInterval(() => {
        reading = reading.then(readOn);
      }, 200);
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await reading;
      await readOn();
      for (const tail of tails.values()) tail.finish(print);
    },
  };
}
