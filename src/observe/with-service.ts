import type { Host } from '../host/host.ts';
import type { ObservedEvent } from '../run/events.ts';
import { attemptDir } from '../run/folder.ts';
import { readPlan } from '../run/plan-file.ts';
import { advance, isServing, NEW_RUN, type RunState } from '../run/state.ts';
import { AsyncQueue } from './async-queue.ts';
import { merge } from './merge.ts';
import { endpointsOf } from './service/endpoints.ts';
import { observeService } from './service/service.ts';

export interface ServiceOptions {
  readonly host: Host;
  readonly run: { readonly dir: string };
  readonly now: () => Date;
  /** Milliseconds between looks at metrics. */
  readonly every?: number | undefined;
}

/** A run's events, and between them what its service says of itself, from when it is ready until it is torn down. */
export async function* withService(
  events: AsyncIterable<ObservedEvent>,
  options: ServiceOptions,
  signal: AbortSignal,
): AsyncGenerator<ObservedEvent> {
  const queue = new AsyncQueue<ObservedEvent>();
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const service = new Service(options, queue, either);
  const own = async function* (): AsyncGenerator<ObservedEvent> {
    try {
      for await (const event of events) {
        yield event;
        service.hear(event);
      }
    } finally {
      await service.close().finally(() => queue.end());
    }
  };
  // Whoever reads the events of a run that is interrupted gets to their end by itself.
  yield* merge(stop, own(), queue.read(stop.signal));
}

/** Starts and stops to observe the service as the run's events say. */
class Service {
  readonly #options: ServiceOptions;
  readonly #queue: AsyncQueue<ObservedEvent>;
  readonly #signal: AbortSignal;
  #state: RunState = NEW_RUN;
  #stop: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: ServiceOptions, queue: AsyncQueue<ObservedEvent>, signal: AbortSignal) {
    this.#options = options;
    this.#queue = queue;
    this.#signal = signal;
  }

  hear(event: ObservedEvent): void {
    this.#state = advance(this.#state, event);
    if (!serves(this.#state)) {
      this.#stop?.abort();
      this.#stop = undefined;
    } else if (this.#stop === undefined) {
      const stop = new AbortController();
      this.#stop = stop;
      // What a run has been through comes all at once, and it may be over.
      setTimeout(() => {
        if (stop.signal.aborted || this.#signal.aborted) return;
        this.#ended = this.#observe(AbortSignal.any([stop.signal, this.#signal]));
        this.#ended.catch((error: unknown) => this.#queue.fail(error));
      }, 0);
    }
  }

  async close(): Promise<void> {
    this.#stop?.abort();
    await this.#ended;
  }

  async #observe(signal: AbortSignal): Promise<void> {
    const { host, run, now, every } = this.#options;
    const state = this.#state;
    const endpoints = endpointsOf(await readPlan(host, run), state);
    if (endpoints === undefined) return;
    const watch = {
      host,
      attemptDir: attemptDir(run.dir, state.started?.attempt),
      endpoints,
      now,
      ...(every !== undefined && { every }),
    };
    for await (const event of observeService(watch, signal)) this.#queue.push(event);
  }
}

const serves = (state: RunState): boolean => state.bound !== undefined && isServing(state);
