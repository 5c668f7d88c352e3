import type { Host } from '../host/host.ts';
import type { ObservedEvent } from '../run/events.ts';
import { attemptDir } from '../run/folder.ts';
import { readPlan } from '../run/plan-file.ts';
import { isServing } from '../run/state.ts';
import { alongside } from './alongside.ts';
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
export function withService(
  events: AsyncIterable<ObservedEvent>,
  { host, run, now, every }: ServiceOptions,
  signal: AbortSignal,
): AsyncGenerator<ObservedEvent> {
  return alongside(
    events,
    {
      tells: (state) => state.bound !== undefined && isServing(state),
      async *read(stateNow, until) {
        const state = stateNow();
        const endpoints = endpointsOf(await readPlan(host, run), state);
        if (endpoints === undefined) return;
        const folder = attemptDir(run.dir, state.started?.attempt);
        const watch = { host, attemptDir: folder, endpoints, now, ...(every !== undefined && { every }) };
        yield* observeService(watch, until);
      },
    },
    signal,
  );
}
