import { count } from '../../config/text/plural.ts';
import { dateAndClock, elapsed } from '../../format.ts';
import type { EventOf, NodeFinding, ObservedEvent, ProcessEnd, QueueEvent } from '../../run/events.ts';
import type { StageEvent } from '../../run/log-event.ts';
import { NEW_RUN } from '../../run/state.ts';
import { START_STAGES } from '../../start-stages.ts';
import { loadText, sourceText } from './service-text.ts';
import { timeLimitText } from './time-left.ts';

/** An event as a line for people, without its time; undefined for what says nothing new. */
export function eventText(event: ObservedEvent): string | undefined {
  switch (event.kind) {
    case 'queue':
      return queueText(event);
    case 'job-started':
      return `job ${event.job} started on ${count(event.nodes, 'node')}${event.attempt > 0 ? `, attempt ${event.attempt + 1}` : ''}`;
    case 'preflight':
      return preflightText(event);
    case 'nodes-bound': {
      const [head] = event.nodes;
      return `${count(event.nodes.length, 'node')} bound${head ? `; head node ${head.host}, ${head.ip}` : ''}`;
    }
    case 'port-moved':
      return `the job's ports are ${Number.parseInt(event.to, 10) - Number.parseInt(event.from, 10)} higher than planned: ${event.reason}`;
    case 'image':
      return imageText(event);
    case 'install':
      return installText(event);
    case 'step-started':
      return `${event.step} started on ${hosts(event.nodes)}`;
    case 'service-ready':
      return /^container(-|$)/.test(event.step) ? 'the container is unpacked' : `${event.step} answers`;
    case 'workers-registered':
      return `${event.role} workers ${event.have}/${event.want}`;
    case 'waiting':
      return `waiting: ${event.reason}`;
    case 'ready':
      return `ready after ${elapsed(event.seconds * 1000)}: ${event.model} at ${event.url}${event.engines === 'mock' ? ', mock engines' : ''}`;
    case 'process-ended':
    case 'step-ended':
      return withLine(event);
    case 'worker-restarting':
      return `${withLine(event)}; restart ${event.restart} of ${event.of} in ${event.delay} s`;
    case 'recovered':
      return `${event.step} is back after restart ${event.restart}`;
    case 'degraded':
      return `${withLine(event)}; degraded: ${event.role} workers ${event.have}/${event.want}, without ${event.missing.join(', ')}`;
    case 'unregistered':
      return `${event.reason}; ${event.role} workers ${event.have}/${event.want}`;
    case 'registered-again':
      return `${event.role} workers ${event.have}/${event.want} again, after ${elapsed(event.seconds * 1000)}`;
    case 'stalled':
      return event.reason;
    case 'hung':
      return `${event.reason}${event.stack === undefined ? '' : `, in ${event.stack}`}; all stacks: ${event.file}`;
    case 'answers-again':
      return `${event.step} answers again, after ${elapsed(event.seconds * 1000)}`;
    case 'warning':
      return `warning: ${event.reason}`;
    case 'bench-point':
      return benchText(event);
    case 'draining':
      return `draining: ${event.reason}`;
    case 'teardown':
      return `tearing down: ${event.reason}`;
    case 'requeued':
      return `back in the queue after ${elapsed(event.seconds * 1000)}: ${event.reason}`;
    case 'verdict':
      return `${event.outcome}${afterText(event)}: ${event.reason}`;
    case 'session-open':
      return `the session accepts commands after ${elapsed(event.seconds * 1000)}`;
    case 'session-resumed':
      return `the session continues${event.adopted.length === 0 ? '' : ` with ${event.adopted.join(', ')}`}`;
    case 'command':
      return `${[event.verb, ...event.steps].join(' ')}, from ${event.from}`;
    case 'answer':
      return event.outcome === 'done' ? undefined : `refused: ${event.reason}`;
    case 'step-changed':
      return event.change === 'none'
        ? `${event.step} uses the config's command again`
        : `${event.step} uses a changed command`;
    case 'step-stopped':
      return `${event.step} stopped`;
    case 'step-serving':
      return `${event.step} serves, ${elapsed(event.seconds * 1000)} after its start`;
    case 'stage':
      return stageText(event);
    case 'signature':
      return `${event.step} on ${event.node}: ${event.title}: ${event.line}; ${event.advice}`;
    case 'source':
      return sourceText(event);
    case 'load':
      return loadText(event);
    case 'worker-rates':
    case 'instances':
    case 'bus':
    case 'health':
      // Only live views show them.
      return undefined;
    case 'other':
      return `${event.name || 'an event'} of a kind unknown to this dyn-slurm`;
    case 'unreadable':
      return `events.jsonl is damaged, the line is skipped: ${event.line}`;
    default:
      return event satisfies never;
  }
}

function benchText({ state, index, of, concurrency, exit, seconds }: EventOf<'bench-point'>): string {
  const which = `benchmark ${index} of ${of}, concurrency ${concurrency}`;
  const after = seconds === undefined ? '' : ` after ${elapsed(seconds * 1000)}`;
  switch (state) {
    case 'begun':
      return which;
    case 'ended':
      return `${which}: ended${after}${exit ? `, exit code ${exit}` : ''}`;
    case 'late':
      return `${which}: stopped at its time limit${after}`;
    case 'skipped':
      return `${which}: already measured`;
    default:
      return state satisfies never;
  }
}

function imageText({ state, file, reason, seconds }: EventOf<'image'>): string {
  switch (state) {
    case 'waiting':
      return `waiting for the image: ${reason}`;
    case 'importing':
      return `importing the image: ${reason}`;
    case 'found':
      return `the image is in the cache: ${file}`;
    case 'imported':
      return `image imported after ${elapsed(seconds * 1000)}: ${file}`;
    case 'reimported':
      return `image imported again after ${elapsed(seconds * 1000)}: ${reason}`;
    case 'left-out':
      return `image skipped: ${reason}`;
    default:
      return state satisfies never;
  }
}

function installText({ state, reason, seconds }: EventOf<'install'>): string {
  switch (state) {
    case 'waiting':
      return `waiting for Dynamo: ${reason}`;
    case 'fetching':
      return `fetching ${reason}`;
    case 'building':
      return `building ${reason}`;
    case 'kept':
      return `kept ${reason}`;
    case 'without':
      return `without ${reason}`;
    case 'fetched':
      return `installed after ${elapsed(seconds * 1000)}: ${reason}`;
    case 'found':
      return `an earlier job has fetched ${reason}`;
    case 'failed':
      return `Dynamo is not installed: ${reason}`;
    case 'left-out':
      return `installation of Dynamo skipped: ${reason}`;
    default:
      return state satisfies never;
  }
}

function withLine({ reason, line }: { readonly reason: string; readonly line?: string }): string {
  return line === undefined || reason.endsWith(line) ? reason : `${reason}: ${line}`;
}

function preflightText({ problems, warnings }: EventOf<'preflight'>): string {
  const findings = [
    ...problems.map(findingText),
    ...warnings.map((finding) => `warning: ${findingText(finding)}`),
  ];
  return `preflight: ${findings.length === 0 ? 'all nodes are fit' : findings.join('; ')}`;
}

export function findingText({ nodes: names, text }: NodeFinding): string {
  return `${hosts(names)} ${names.length > 1 ? ofSeveral(text) : text}`;
}

/** Several nodes "have" what one "has"; the text begins with its verb. */
function ofSeveral(text: string): string {
  return text.replace(/^\S+/, (verb) =>
    verb === 'has' ? 'have' : verb.replace(/sses$/, 'ss').replace(/([^s])s$/, '$1'),
  );
}

/** `; Slurm expects it to start at 2025-11-24 07:40:00`, of a job that waits. */
export function startText({ phase, start, time }: QueueEvent): string {
  // An estimate that has passed is none.
  return phase === 'pending' && start !== undefined && Date.parse(start) > Date.parse(time)
    ? `; Slurm expects it to start at ${dateAndClock(new Date(start))}`
    : '';
}

function queueText(event: QueueEvent): string {
  const { job, phase, state, reason, explanation, next, nodes } = event;
  const why = [reason, explanation].filter(Boolean).join(', ');
  switch (phase) {
    case 'pending':
      return `job ${job} is pending${why === '' ? '' : `: ${why}`}${startText(event)}${next === undefined ? '' : `; ${next}`}`;
    case 'starting':
      return `job ${job} is starting on its nodes`;
    case 'running':
      return `job ${job} runs on ${count(nodes, 'node')}${prefixed(timeLimitText({ ...NEW_RUN, queue: event }, Date.parse(event.time)))}`;
    case 'suspended':
      return `job ${job} is suspended`;
    case 'ending':
      return `job ${job} is cleaning up`;
    case 'ended':
      return `job ${job} has left the queue: ${state}${why === '' ? '' : ` (${why})`}`;
    case 'gone':
      return `job ${job} is no longer in the queue`;
    case 'unknown':
      return `the state of job ${job} is unknown: ${why || state}`;
    default:
      return phase satisfies never;
  }
}

const prefixed = (text: string): string => (text === '' ? '' : `; ${text}`);

const MOST_HOSTS = 4;

function hosts(names: readonly string[]): string {
  if (names.length <= MOST_HOSTS) return names.join(', ');
  return `${names[0]} … ${names.at(-1)} (${count(names.length, 'node')})`;
}

/** ` after 3 min`; nothing where the job's script may never have run. */
export function afterText({ seconds, inferred }: Pick<EventOf<'verdict'>, 'seconds' | 'inferred'>): string {
  return inferred && seconds === 0 ? '' : ` after ${elapsed(seconds * 1000)}`;
}

/** `exited with code 1`, `was killed by SIGKILL`; of an engine that did so itself, as lib/cause.sh says it, no word of a kill. */
export function endText({ exit, signal, reason }: ProcessEnd & { readonly reason?: string }): string {
  if (reason?.includes(' failed and ended itself')) return 'failed and ended itself';
  if (signal !== undefined) return `was killed by SIG${signal}`;
  return exit === undefined ? 'ended' : `exited with code ${exit}`;
}

/** How far a stage is: ` 12/61`, or nothing where it does not count. */
export function stageCount({ done, total }: Pick<StageEvent, 'done' | 'total'>): string {
  return done === undefined ? '' : ` ${done}${total === undefined ? '' : `/${total}`}`;
}

function stageText(event: StageEvent): string | undefined {
  const { step, node, stage, state, done, seconds, kernels, deadline = 0, advice } = event;
  const found = kernels === undefined ? '' : ` (kernels ${kernels})`;
  const head = `${step} on ${node}: ${START_STAGES[stage].doing}${stageCount(event)}${found}`;
  // Lines tell when a stage begins and ends; how it goes on is for views and programs.
  if (state === 'going') return seconds < 1 || done === undefined ? head : undefined;
  if (state === 'done') return `${head}, done after ${elapsed(seconds * 1000)}`;
  return `${head}: no progress for ${elapsed(deadline * 1000)}${advice ? `; ${advice}` : ''}`;
}
