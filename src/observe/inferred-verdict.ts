import type { EventOf, Outcome, QueueEvent } from '../run/events.ts';
import type { RunState } from '../run/state.ts';
import { WITHDRAWN } from './queue-event.ts';

/**
 * The verdict on a job that left the queue without writing one. Only a state that says so makes it failed, cancelled or
 * out of time; a job that Slurm has forgotten, or that ended well without a word, is `unknown`.
 */
export function inferVerdict(state: RunState, queue: QueueEvent, now: Date): EventOf<'verdict'> {
  const { cause } = state;
  const { reason: causeReason, ...end } = cause ?? { reason: '' };
  const outcome = cause ? 'failed' : outcomeOf(queue);
  const allocated = queue.nodeList === '' ? undefined : queue.start;
  const started = Date.parse(state.started?.time ?? allocated ?? '');
  return {
    ...end,
    time: now.toISOString(),
    kind: 'verdict',
    outcome,
    reason: cause ? causeReason : reasonOf(state, queue),
    seconds: Number.isNaN(started) ? 0 : Math.max(0, Math.round((now.getTime() - started) / 1000)),
    inferred: true,
  };
}

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  CANCELLED: 'cancelled',
  PREEMPTED: 'cancelled',
  REVOKED: 'cancelled',
  TIMEOUT: 'timeout',
  DEADLINE: 'timeout',
  COMPLETED: 'unknown',
};

function outcomeOf({ phase, state }: QueueEvent): Outcome {
  return phase === 'ended' ? (OUTCOMES[state] ?? 'failed') : 'unknown';
}

function reasonOf({ started, requeued, bound, teardown }: RunState, queue: QueueEvent): string {
  if (queue.reason === WITHDRAWN)
    return 'Slurm withdrew the job: the job that it depended on did not end as required';
  const said = saidOf(queue);
  if (requeued) return `${said}; it had been put back into the queue (${requeued.reason})`;
  if (teardown) return `${said}; the job was ending (${teardown.reason}) but left no verdict`;
  // The job's script ends with its head node, and cannot say so.
  const [head] = bound?.nodes ?? [];
  if (queue.state === 'NODE_FAIL' && head)
    return `${head.host}, the head node, or another node of the job failed: ${said}; the job left no verdict`;
  return `${said}; ${started ? 'the job left no verdict' : "the job's script did not start"}`;
}

function saidOf({ phase, job, state, reason }: QueueEvent): string {
  if (phase === 'gone' && reason !== '')
    return `squeue no longer knows job ${job}, and accounting cannot be queried (${reason})`;
  if (phase === 'gone') return `neither squeue nor accounting knows job ${job} anymore`;
  if (state === 'CANCELLED' && reason.startsWith('by uid ')) return `cancelled ${reason}`;
  return `Slurm reports ${state}${reason === '' ? '' : ` (${reason})`}`;
}
