import type { RunState } from '../../../run/state.ts';
import { count } from '../../wording.ts';
import type { LiveState } from './live-state.ts';
import { type Piece, piece } from './span-line.ts';
import { readyCount } from './worker-state.ts';

/** Where a run is, in a word or two, and when that began. */
export interface StateWord {
  readonly word: Piece;
  /** Of a word that wants one: `3 of 4 workers ready`. */
  readonly detail?: string;
  /** RFC 3339. */
  readonly since?: string | undefined;
}

export function stateWord({ run, workers }: LiveState): StateWord {
  const { ready, stalled, teardown, draining, requeued, verdict } = run;
  if (verdict) {
    const { outcome, time } = verdict;
    return { word: piece(outcome, outcome === 'succeeded' ? 'good' : 'bad'), since: time };
  }
  if (requeued) return { word: piece('requeued', 'warn'), since: requeued.time };
  if (teardown) return { word: piece('ending', 'warn'), since: teardown.time };
  if (!ready) return beforeReady(run);
  if (draining) return { word: piece('draining', 'warn'), since: draining.time };
  if (stalled) return { word: piece('stalled', 'bad'), since: stalled.time };
  const up = readyCount(workers);
  if (up === workers.size) return { word: piece('ready', 'good'), since: ready.time };
  const detail = `${up} of ${count(workers.size, 'worker')} ready`;
  return { word: piece('degraded', 'warn'), detail, since: ready.time };
}

function beforeReady({ started, bound, queue }: RunState): StateWord {
  if (bound) return { word: piece('starting', 'warn'), since: started?.time };
  if (started) return { word: piece('nodes', 'warn'), since: started.time };
  return { word: piece(queue?.reason ? `queued: ${queue.reason}` : 'queued', 'dim') };
}
