import { elapsed } from '../../format.ts';
import type { LogEvent, StageEvent } from '../../run/log-event.ts';
import { START_STAGES } from '../../start-stages.ts';

/** What the observer read in a worker's log, as a line for people; undefined for what only a live view shows. */
export function logEventText(event: LogEvent): string | undefined {
  switch (event.kind) {
    case 'stage':
      return stageText(event);
    case 'signature':
      return `${event.step} on ${event.node}: ${event.title}: ${event.line}; ${event.advice}`;
    case 'worker-rates':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** How far a stage is: ` 12/61`, or nothing where it does not count. */
export function stageCount({
  done,
  total,
}: {
  readonly done?: number | undefined;
  readonly total?: number | undefined;
}): string {
  return done === undefined ? '' : ` ${done}${total === undefined ? '' : `/${total}`}`;
}

function stageText({
  step,
  node,
  stage,
  state,
  done,
  total,
  seconds,
  ...rest
}: StageEvent): string | undefined {
  const head = `${step} on ${node}: ${START_STAGES[stage].doing}${stageCount({ done, total })}`;
  // Lines tell when a stage begins and ends; how it goes on is for views and programs.
  if (state === 'going') return seconds < 1 || done === undefined ? head : undefined;
  if (state === 'done') return `${head}, done after ${elapsed(seconds * 1000)}`;
  return `${head}: no progress for ${elapsed((rest.deadline ?? 0) * 1000)}${rest.advice ? `; ${rest.advice}` : ''}`;
}
