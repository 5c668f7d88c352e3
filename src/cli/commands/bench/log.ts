import { listLogs } from '../../../observe/log-file.ts';
import { LogTail } from '../../../observe/log-tail.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import type { World } from '../../world.ts';

/** What the benchmark of a run prints from now on. */
export class BenchLog {
  readonly #run: FoundRun;
  readonly #world: World;
  readonly #quiet: boolean;
  readonly #tails = new Map<string, LogTail>();
  readonly #sizes = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(run: FoundRun, world: World, quiet = false) {
    this.#run = run;
    this.#world = world;
    this.#quiet = quiet;
  }

  /** What an earlier benchmark has printed is left out. */
  async begin(): Promise<void> {
    const { host } = this.#run.connection;
    for (const { path } of await this.#logs()) {
      this.#sizes.set(path, (await host.read(path, 0, 0))?.size ?? 0);
    }
  }

  follow(): void {
    if (this.#quiet) return;
    this.#timer ??= setInterval(() => {
      this.#reading = this.#reading.then(() => this.#readOn());
    }, 200);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
    if (this.#quiet) return;
    await this.#readOn();
    for (const tail of this.#tails.values()) tail.finish((lines) => this.#print(lines));
  }

  async #readOn(): Promise<void> {
    const { host } = this.#run.connection;
    for (const log of await this.#logs()) {
      const tail = this.#tails.get(log.path) ?? new LogTail(host, log, this.#sizes.get(log.path));
      this.#tails.set(log.path, tail);
      await tail.read((lines) => this.#print(lines));
    }
  }

  async #logs() {
    const logs = await listLogs(this.#run.connection.host, this.#run.run, undefined);
    return logs.filter(({ step }) => step === 'bench');
  }

  #print(lines: readonly string[]): void {
    for (const line of lines) this.#world.out.write(`${line}\n`);
  }
}
