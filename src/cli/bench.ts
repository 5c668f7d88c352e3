import { join } from 'node:path/posix';
import { DynSlurmError, EXIT } from '../errors.ts';
import type { HostFile } from '../host/host.ts';
import type { EventOf } from '../observe/event.ts';
import { listLogs } from '../observe/log-file.ts';
import { LogTail } from '../observe/log-tail.ts';
import { readOutline } from '../observe/outline.ts';
import { isUp } from '../observe/session-state.ts';
import { planJob } from '../plan/assemble.ts';
import { changedStepFiles } from '../render/changed-step.ts';
import { quote } from '../render/shell.ts';
import type { LookupOptions } from './run-lookup.ts';
import { jobOf } from './session-change.ts';
import { tell, type Underway } from './session-command.ts';
import { benchOf } from './session-files.ts';
import { lookUpSession, type Session } from './session-lookup.ts';
import { liveSession } from './session-steps.ts';
import type { World } from './world.ts';

export interface BenchOptions extends LookupOptions {
  /** The session; the newest by default. */
  readonly run?: string;
  readonly json?: boolean;
}

const BENCH = 'bench';

/** `dyn-slurm bench [-- CMD...]`: runs the config's benchmark, or a command in its place, and shows what it prints. */
export async function bench(words: readonly string[], options: BenchOptions, world: World): Promise<number> {
  const session = await lookUpSession(options.run, options, world);
  const now = await liveSession(session);
  const running = now.steps.find((step) => step.kind === 'bench' && isUp(step));
  if (running) {
    throw new DynSlurmError('usage', 'a benchmark runs in this session already', {
      hint: 'see `dyn-slurm logs -f bench`, or end it with `dyn-slurm stop bench`',
    });
  }
  const change = words.length > 0 ? await ownCommand(session, words, world) : await configured(session);
  const tail = new BenchLog(session, world, options.json);
  await tail.begin();
  const steps = [{ name: BENCH, change }];
  const end = await untilEnded(tell(session, { verb: 'start', steps }, world), tail);
  if (end === undefined) {
    world.err.write('\nnot watching any more; the benchmark goes on: `dyn-slurm stop bench` ends it\n');
    return EXIT.interrupted;
  }
  const results = join(session.run.dir, 'results');
  if (options.json) {
    world.out.write(
      `${JSON.stringify({ run: session.run.id, exit: end.exit ?? null, reason: end.reason, results })}\n`,
    );
  } else world.err.write(`${end.reason}; results belong into ${results}\n`);
  return end.exit === 0 ? EXIT.ok : EXIT.jobFailed;
}

/** @throws DynSlurmError `usage` where the config has no benchmark. */
async function configured({ run, connection }: Session): Promise<string> {
  const outline = await readOutline(connection.host, run);
  if (outline?.steps.some(({ kind }) => kind === 'bench')) return 'none';
  throw new DynSlurmError('usage', 'the config of this session has no bench', {
    hint: 'give a command: `dyn-slurm bench -- COMMAND`; it finds DYN_SLURM_URL, DYN_SLURM_MODEL and DYN_SLURM_RESULTS',
  });
}

/** One word is a line for bash; several are a command as it is. */
async function ownCommand(session: Session, words: readonly string[], world: World): Promise<string> {
  const valid = await jobOf(session, undefined, world);
  if (valid === undefined)
    throw new DynSlurmError('config', 'the config of this session is not valid any more');
  const { job } = valid;
  const plan = planJob(job);
  const line = words.length === 1 ? (words[0] ?? '') : words.map(quote).join(' ');
  const step = benchOf(job, plan, line);
  const id = world.randomHex(3);
  const files = changedStepFiles({
    job,
    step,
    original: benchOf(job, plan),
    folder: `session/changes/${id}`,
    template: await world.readFile(join(world.packageRoot, 'templates/step.sh.hbs')),
  });
  await session.connection.host.writeFiles(session.run.dir, new Map<string, HostFile>(files));
  return id;
}

/** Undefined on an interrupt. */
async function untilEnded({ events }: Underway, tail: BenchLog): Promise<EventOf<'step-ended'> | undefined> {
  let end: EventOf<'step-ended'> | undefined;
  for await (const event of events) {
    if (event.kind === 'verdict') {
      throw new DynSlurmError('jobFailed', `the session has ended: ${event.reason}`);
    }
    const ended = event.kind === 'step-ended' || event.kind === 'step-stopped';
    if (event.kind === 'step-started' && event.step === BENCH) tail.follow();
    if (!ended || event.step !== BENCH) continue;
    end = event.kind === 'step-ended' ? event : { ...event, kind: 'step-ended', reason: 'bench was stopped' };
    break;
  }
  await tail.stop();
  return end;
}

/** What the benchmark prints from now on. */
class BenchLog {
  readonly #session: Session;
  readonly #world: World;
  readonly #quiet: boolean;
  readonly #tails = new Map<string, LogTail>();
  readonly #sizes = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(session: Session, world: World, quiet = false) {
    this.#session = session;
    this.#world = world;
    this.#quiet = quiet;
  }

  /** What an earlier benchmark has printed is left out. */
  async begin(): Promise<void> {
    const { host } = this.#session.connection;
    for (const { path } of await this.#logs()) {
      this.#sizes.set(path, (await host.read(path, 0, 0))?.size ?? 0);
    }
  }

  follow(): void {
    this.#timer ??= setInterval(() => {
      this.#reading = this.#reading.then(() => this.#readOn());
    }, 200);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
    await this.#readOn();
    for (const tail of this.#tails.values()) tail.finish((lines) => this.#print(lines));
  }

  async #readOn(): Promise<void> {
    const { host } = this.#session.connection;
    for (const log of await this.#logs()) {
      const tail = this.#tails.get(log.path) ?? new LogTail(host, log, this.#sizes.get(log.path));
      this.#tails.set(log.path, tail);
      await tail.read((lines) => this.#print(lines));
    }
  }

  async #logs() {
    const logs = await listLogs(this.#session.connection.host, this.#session.run, undefined);
    return logs.filter(({ step }) => step === BENCH);
  }

  #print(lines: readonly string[]): void {
    if (!this.#quiet) for (const line of lines) this.#world.out.write(`${line}\n`);
  }
}
