import type { BenchOutline } from '../plan/bench/spec.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { BenchProblem } from './result.ts';

/** A command of the user's that failed, where its results do not show it. */
export function failedCommand(
  outline: BenchOutline,
  events: readonly ObservedEvent[],
): readonly BenchProblem[] {
  if (outline.type !== 'custom') return [];
  const { started } = ownTimes(events, outline);
  const end = events.find(
    (event) =>
      (event.kind === 'step-ended' || event.kind === 'process-ended') &&
      event.step === 'bench' &&
      event.time >= (started ?? ''),
  );
  if (end === undefined || !('exit' in end) || end.exit === 0 || !('reason' in end)) return [];
  return [{ kind: 'tool', reason: String(end.reason) }];
}

/** Milliseconds by which clocks of the cluster and of a person's machine may differ. */
const SKEW = 1500;

/** The times of the step itself, for tools that note none of their own. */
export function ownTimes(
  events: readonly ObservedEvent[],
  { made }: BenchOutline,
): { readonly started?: string; readonly ended?: string } {
  const begins = (event: ObservedEvent) => event.kind === 'step-started' && event.step === 'bench';
  const at =
    made === undefined
      ? events.findLastIndex(begins)
      : events.findIndex((event) => begins(event) && Date.parse(event.time) > Date.parse(made) - SKEW);
  const started = events[at]?.time;
  if (started === undefined) return {};
  const end = events
    .slice(at + 1)
    .find((event) => event.kind === 'teardown' || ('step' in event && event.step === 'bench'));
  return { started, ...(end && { ended: end.time }) };
}
