import { ago, dateAndClock, elapsed, moment, past } from '../../format.ts';
import { plainText } from '../../host/plain-text.ts';
import { hasMockEngines, MOCK_MARK } from '../../observe/mock-engines.ts';
import type { RunSignature } from '../../observe/run-signature.ts';
import type { QueueEvent } from '../../run/events.ts';
import { type Absence, absences, type RunState } from '../../run/state.ts';
import { jobNumber } from '../../scheduler/job-id.ts';
import { accessRows } from '../runs/access.ts';
import type { RunReport } from '../runs/report.ts';
import type { Page, World } from '../world.ts';
import { type Piece, paint, piece, type Style } from './live/span-line.ts';
import { loadFigures } from './service-text.ts';
import { table } from './table.ts';
import { timeLeft, timeLeftText, timeLimitText } from './time-left.ts';
import { verdictText } from './verdict-text.ts';

/** A run's state, in a word or two. */
function runWord({ state, jobId }: Pick<RunReport, 'state' | 'jobId'>): string {
  const { verdict, teardown, requeued, ready, unregistered, stalled, started, queue } = state;
  if (verdict) return verdict.outcome === 'deadline' ? 'not ready in time' : verdict.outcome;
  if (requeued) return 'waiting';
  if (teardown) return 'ending';
  if (ready && stalled) return 'stalled';
  if (ready) return absences(state).length + unregistered.size > 0 ? 'degraded' : 'ready';
  if (started) return 'starting';
  if (queue) return queue.phase === 'pending' ? 'waiting' : queue.phase;
  return jobId === undefined ? 'not submitted' : 'unknown';
}

const STYLES: Readonly<Record<string, Style>> = {
  ready: 'good',
  succeeded: 'good',
  failed: 'bad',
  'not ready in time': 'bad',
  stalled: 'bad',
  degraded: 'warn',
  starting: 'warn',
  ending: 'warn',
  waiting: 'warn',
  cancelled: 'dim',
};

function statePiece(report: Pick<RunReport, 'state' | 'jobId'>): Piece {
  const word = plainText(runWord(report));
  return piece(word, STYLES[word] ?? 'plain');
}

/** One run in full. */
export function runText(report: RunReport, now: Date, world: Pick<World, 'page' | 'self' | 'env'>): string {
  const { color } = world.page;
  const { run, state, connection, jobId } = report;
  const { queue, bound, ready, verdict } = state;
  const submitted = run.job ? `, submitted ${past(new Date(run.job.submitted), now)}` : '';
  const rows: readonly (readonly [string, string])[] = [
    ['job', jobId === undefined ? 'none' : `${jobNumber(jobId)} on ${connection.cluster}${submitted}`],
    ...(queue ? queueRows(queue, now) : []),
    ['since', since(state, now)],
    ['limit', timeLimitText(state, now.getTime())],
    ['by', report.cancelledBy === undefined ? '' : `cancelled by uid ${report.cancelledBy}`],
    [
      'nodes',
      bound ? bound.nodes.map(({ host, ip }) => `${host} (${ip})`).join(', ') : (queue?.nodeList ?? ''),
    ],
    [
      'workers',
      [...state.workers.values()].map(({ role, have, want }) => `${role} ${have}/${want}`).join(', '),
    ],
    ['absent', absences(state).map(absenceText).join(', ')],
    ['trouble', verdict ? '' : trouble(state)],
    ['awaits', !ready && !verdict && state.waiting ? state.waiting.reason : ''],
    ['url', ready && !verdict ? ready.url : ''],
    ['engines', isMock(report) ? `${MOCK_MARK}: measurements of mock engines say nothing about GPUs` : ''],
    ['model', ready && !verdict ? ready.model : ''],
    ...(ready && !verdict ? accessRows(ready, run, connection, world) : []),
    ['load', report.load ? loadFigures(report.load) : ''],
    ['retry', run.job?.retryOf === undefined ? '' : `of ${run.job.retryOf}, attempt ${run.job.attempt}`],
    ['folder', run.dir],
  ];
  const lines = rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `  ${name.padEnd(9)}${value}`);
  const word = statePiece(report);
  const head = `${plainText(run.id)}  ${color ? paint(word) : word.text}${isMock(report) ? `  ${MOCK_MARK}` : ''}\n`;
  const block = `${head}${lines.map((line) => `${plainText(line)}\n`).join('')}`;
  return verdict ? `${block}${verdictText(verdict, run, report.signature)}` : block;
}

const isMock = ({ run, state }: Pick<RunReport, 'run' | 'state'>): boolean =>
  hasMockEngines(run.job, [state.ready]);

function trouble({ stalled, unregistered }: RunState): string {
  return [...(stalled ? [stalled] : []), ...unregistered.values()].map(({ reason }) => reason).join('; ');
}

function absenceText({ kind, step, reason }: Absence): string {
  return `${step} (${kind === 'degraded' ? 'lost' : 'restarts'}: ${reason})`;
}

function queueRows(queue: QueueEvent, now: Date): readonly (readonly [string, string])[] {
  const { state, phase, reason, explanation, next, start } = queue;
  const why = [reason, explanation].filter(Boolean).join(': ');
  return [
    ['state', state],
    ['reason', why],
    ['next', next ?? ''],
    ['start', phase === 'pending' && start !== undefined ? `expected ${moment(new Date(start), now)}` : ''],
  ];
}

function since({ verdict, teardown, requeued, ready, started }: RunState, now: Date): string {
  const last = [
    ['ended', verdict],
    ['ending', teardown],
    ['requeued', requeued],
    ['ready', ready],
    ['started', started],
  ] as const;
  const [word, event] = last.find(([, found]) => found !== undefined) ?? [];
  return event ? `${word} ${past(new Date(event.time), now)}` : '';
}

/** Several runs, one a line. */
export function runsTable(reports: readonly RunReport[], now: Date, page: Page): string {
  const rows = reports.map((report) => {
    const { run, jobId, connection } = report;
    const job = jobId === undefined ? '-' : jobNumber(jobId);
    const submitted = run.job && new Date(run.job.submitted);
    const [when, at] = submitted ? [ago(submitted, now), dateAndClock(submitted)] : ['-', ''];
    const about = [isMock(report) ? MOCK_MARK : '', remark(report, now)].filter(Boolean).join(', ');
    const [id, cluster, last] = [run.id, connection.cluster, about].map(plainText);
    return [id ?? '', cluster ?? '', job, statePiece(report), when, at, last ?? ''];
  });
  return table(['run', 'cluster', 'job', 'state', 'submitted', 'at', ''], rows, {
    ...page,
    expendable: ['at'],
  });
}

function remark({ run, state }: RunReport, now: Date): string {
  return [progress({ run, state }, now), timeLeftText(state, now.getTime())].filter(Boolean).join(', ');
}

function progress({ run, state }: Pick<RunReport, 'run' | 'state'>, now: Date): string {
  const { verdict, ready, queue, workers } = state;
  if (verdict) return `after ${elapsed(verdict.seconds * 1000)}: ${verdict.reason}`;
  if (ready) return `${ready.url}, since ${elapsed(now.getTime() - Date.parse(ready.time))}`;
  if (workers.size > 0)
    return [...workers.values()].map(({ role, have, want }) => `${role} ${have}/${want}`).join(', ');
  if (queue?.reason === 'Dependency' && run.job?.retryOf) return `starts if ${run.job.retryOf} fails`;
  return queue?.explanation ?? queue?.reason ?? '';
}

/** A run as data; documented in docs/runs.md. Unknown things are null. */
export function runJson(
  { run, connection, jobId, state, cancelledBy, signature }: RunReport,
  now: Date,
): object {
  const { queue, started, bound, ready, teardown, verdict } = state;
  return {
    run: run.id,
    name: run.name,
    folder: run.dir,
    cluster: connection.cluster,
    job: jobId ?? null,
    submitted: run.job?.submitted ?? null,
    retryOf: run.job?.retryOf ?? null,
    group: run.job?.group ?? null,
    variant: run.job?.variant ?? null,
    cancelledBy: cancelledBy ?? null,
    state: runWord({ state, jobId }),
    mock: isMock({ run, state }),
    queue: queue ?? null,
    timeLeft: seconds(timeLeft(state, now.getTime())),
    started: started ?? null,
    nodes: bound?.nodes ?? [],
    workers: [...state.workers.values()].map(({ role, have, want }) => ({ role, have, want })),
    absent: absences(state),
    unregistered: [...state.unregistered.values()],
    stalled: state.stalled ?? null,
    ready: ready ?? null,
    teardown: teardown ?? null,
    verdict: verdict ?? null,
    signature: signature ? signatureJson(signature) : null,
  };
}

const seconds = (milliseconds: number | undefined): number | null =>
  milliseconds === undefined ? null : Math.round(milliseconds / 1000);

function signatureJson({ signature, line, advice, log: { step, node } }: RunSignature): object {
  const { name, title, link } = signature;
  return { name, class: signature.class, title, step, node, line, advice, link };
}
