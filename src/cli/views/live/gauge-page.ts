import { servePage } from '../../../host/page-server.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import type { Outline } from '../../../run/plan-file.ts';
import type { World } from '../../world.ts';
import { gaugesText } from './gauges.ts';
import { advanceLive, type LiveState, newLiveState } from './live-state.ts';

/** Where `watch --prometheus` is to serve. */
export interface PagePlace {
  readonly address: string;
  readonly port: number;
}

/** A page of metrics of the runs that are watched. */
export interface GaugePage {
  /** The run's events as they come, which the page follows. */
  follow(
    id: string,
    outline: Outline | undefined,
    events: AsyncIterable<ObservedEvent>,
  ): AsyncIterable<ObservedEvent>;
  close(): void;
}

/** Events only pass through. */
export const NO_PAGE: GaugePage = { follow: (_, __, events) => events, close: () => {} };

/** Says where the page is. */
export async function openGaugePage(place: PagePlace, world: World): Promise<GaugePage> {
  const states = new Map<string, LiveState>();
  const server = await servePage(place, () => gaugesText([...states].map(([id, state]) => ({ id, state }))));
  world.err.write(`metrics for Prometheus at ${server.url}\n`);
  return {
    async *follow(id, outline, events) {
      states.set(id, newLiveState(outline ?? { steps: [] }));
      for await (const event of events) {
        states.set(id, advanceLive(states.get(id) ?? newLiveState({ steps: [] }), event));
        yield event;
      }
    },
    close: () => server.close(),
  };
}
