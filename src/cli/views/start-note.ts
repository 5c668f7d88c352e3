import type { StageEvent } from '../../run/log-event.ts';
import { START_STAGES } from '../../start-stages.ts';
import { stageCount } from './log-event-text.ts';

const ORDER = Object.keys(START_STAGES);

/** The start that is furthest behind, or stuck: `weights 12/61 on prefill-2`; empty where no log has told yet. */
export function startNote(stages: readonly StageEvent[]): string {
  const going = stages.filter(({ state }) => state !== 'done');
  const [last] = (going.length > 0 ? going : stages).toSorted(byProgress);
  if (last === undefined) return '';
  const { stage, state, step } = last;
  const how = { going: '', done: ' done', stuck: ' stuck' }[state];
  return `${START_STAGES[stage].title}${stageCount(last)}${how} on ${step}`;
}

function byProgress(a: StageEvent, b: StageEvent): number {
  return (
    Number(b.state === 'stuck') - Number(a.state === 'stuck') ||
    ORDER.indexOf(a.stage) - ORDER.indexOf(b.stage) ||
    shareOf(a) - shareOf(b)
  );
}

const shareOf = ({ done = 0, total }: StageEvent): number => (total ? done / total : done);
