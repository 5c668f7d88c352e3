import type { Role } from '../../config/schema/role.ts';
import type { Outcome } from '../../run/events.ts';
import type { StageEvent } from '../../run/log-event.ts';
import type { Outline, PlannedStep } from '../../run/plan-file.ts';
import { absences, type RunState } from '../../run/state.ts';
import { START_STAGES } from '../../start-stages.ts';
import { findingText, stageCount, startText } from './event-text.ts';

type StageStatus = 'waiting' | 'active' | 'done' | 'failed' | 'skipped';

/** A line of the step list. */
export interface Stage {
  readonly key: string;
  readonly title: string;
  readonly status: StageStatus;
  readonly note: string;
  /** Milliseconds since 1970. */
  readonly from?: number;
  readonly to?: number;
  readonly children?: readonly Stage[];
}

/** Something that happened. */
export type Moment = { readonly time: string } | undefined;

/** How the run's end bears on what was not finished by then. */
export interface RunEnd {
  /** Undefined while the run goes on. */
  readonly at: Moment;
  /** Something failed, rather than that somebody or the clock ended the run. */
  readonly broken: boolean;
}

/** A stage that begins with one event and is done with another. */
function stage(what: Pick<Stage, 'key' | 'title' | 'note'>, from: Moment, to: Moment, end: RunEnd): Stage {
  const [begun, done, over] = [millis(from), millis(to), millis(end.at)];
  if (begun === undefined) return { ...what, status: over === undefined ? 'waiting' : 'skipped' };
  if (done !== undefined) return { ...what, status: 'done', from: begun, to: done };
  if (over === undefined) return { ...what, status: 'active', from: begun };
  return { ...what, status: end.broken ? 'failed' : 'skipped', from: begun, to: over };
}

/** Stages under one heading, which sums them up. */
function group(key: string, title: string, children: readonly Stage[]): Stage {
  const froms = children.flatMap(({ from }) => from ?? []);
  const tos = children.flatMap(({ to }) => to ?? []);
  return {
    key,
    title,
    note: '',
    status: summary(children.map(({ status }) => status)),
    ...(froms.length > 0 && { from: Math.min(...froms) }),
    ...(tos.length === children.length && { to: Math.max(...tos) }),
    children,
  };
}

function summary(all: readonly StageStatus[]): StageStatus {
  const [first = 'done'] = all;
  if (all.includes('failed')) return 'failed';
  if (all.every((status) => status === first)) return first;
  return all.includes('skipped') ? 'skipped' : 'active';
}

function millis(event: Moment): number | undefined {
  const time = Date.parse(event?.time ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** What a run goes through, and how far it is. The keys are the same for all states of one run. */
export function runStages(state: RunState, { steps }: Outline, submitted: Moment): readonly Stage[] {
  const end = endOf(state);
  const service = (step: PlannedStep) => serviceStage(state, step, end);
  const services = [
    ...steps.filter(({ kind }) => kind === 'frontend' || kind === 'nginx').map(service),
    ...workerCounts(steps).map(([role, wanted]) => workersStage(state, role, wanted, end)),
  ];
  const { started, bound, ready } = state;
  return [
    stage({ key: 'queue', title: 'queue', note: queueNote(state) }, submitted ?? state.queue, started, end),
    stage({ key: 'nodes', title: 'nodes', note: nodesNote(state) }, started, bound, end),
    ...steps.filter(({ kind }) => kind === 'image').map((step) => imageStage(state, step, end)),
    ...steps.filter(({ kind }) => kind === 'container').map(service),
    ...steps.filter(({ kind }) => kind === 'install').map((step) => installStage(state, step, end)),
    group(
      'infra',
      'infrastructure',
      steps.filter(({ kind }) => kind === 'etcd' || kind === 'nats' || kind === 'mooncake').map(service),
    ),
    group('services', 'frontends and workers', services),
    stage({ key: 'ready', title: 'ready', note: readyNote(state) }, allThere(services), ready, end),
    servingStage(state, end),
    teardownStage(state),
  ];
}

/**
 * What is unfinished ends with the verdict, or with the teardown where that says why: while it goes on, a service that
 * was told to end and one that failed look alike.
 */
function endOf({ teardown, verdict, cause }: RunState): RunEnd {
  const outcome = verdict?.outcome ?? teardown?.outcome ?? (cause && 'failed');
  // Where one process is to blame, the others were only stopped.
  return { at: outcome && (teardown ?? verdict), broken: isBad(outcome) && cause === undefined };
}

const isBad = (outcome: Outcome | undefined): boolean => outcome === 'failed' || outcome === 'deadline';

function imageStage({ steps, image, cause }: RunState, { name }: PlannedStep, end: RunEnd): Stage {
  const ongoing = image?.state === 'waiting' || image?.state === 'importing';
  const what = { key: name, title: 'image', note: image ? `${image.state}, ${image.reason}` : '' };
  return blamed(
    stage(what, steps.get(name)?.started, ongoing ? undefined : image, end),
    cause?.step === name,
    end,
  );
}

function installStage({ steps, install, cause }: RunState, { name }: PlannedStep, end: RunEnd): Stage {
  const over = install && ['fetched', 'found', 'left-out'].includes(install.state) ? install : undefined;
  const what = {
    key: name,
    title: 'Dynamo',
    note: install ? `${install.state}, ${install.reason}` : '',
  };
  return blamed(stage(what, steps.get(name)?.started, over, end), cause?.step === name, end);
}

const TITLES: Readonly<Record<string, string>> = { nats: 'NATS', mooncake: 'Mooncake master' };

function serviceStage({ steps, cause }: RunState, { name }: PlannedStep, end: RunEnd): Stage {
  const { started, answers: ready } = steps.get(name) ?? {};
  const title = TITLES[name] ?? name;
  return blamed(stage({ key: name, title, note: '' }, started, ready, end), cause?.step === name, end);
}

function workersStage(state: RunState, role: Role, wanted: number, end: RunEnd): Stage {
  const { steps, workers, ready, cause } = state;
  const registered = workers.get(role);
  const want = registered?.want ?? wanted;
  const own = [...steps.values()].filter(({ started }) => started?.role === role);
  const first = own[0]?.started;
  const complete = registered !== undefined && registered.have >= want ? registered : ready;
  const what = {
    key: role,
    title: `${role} workers`,
    note: [
      `${registered?.have ?? (ready ? want : 0)}/${want}`,
      complete || end.at ? '' : startNote(own.flatMap(({ stages }) => stages)),
      ...absentNotes(state, role),
    ]
      .filter(Boolean)
      .join(', '),
  };
  return blamed(stage(what, first, complete, end), cause?.role === role, end);
}

function absentNotes(state: RunState, role: Role): readonly string[] {
  return absences(state)
    .filter((event) => event.role === role)
    .map(({ kind, step }) => (kind === 'degraded' ? `without ${step}` : `${step} restarts`));
}

/** What brought the run down is failed, even where it had been up before. */
function blamed(what: Stage, guilty: boolean, end: RunEnd): Stage {
  return guilty && end.at ? { ...what, status: 'failed' } : what;
}

function workerCounts(steps: readonly PlannedStep[]): readonly (readonly [Role, number])[] {
  const counts = new Map<Role, number>();
  for (const { role } of steps) if (role !== null) counts.set(role, (counts.get(role) ?? 0) + 1);
  return [...counts];
}

/** From then on the wait is for the model and a completion. */
function allThere(services: readonly Stage[]): Moment {
  const done = services.flatMap(({ status, to }) => (status === 'done' && to !== undefined ? [to] : []));
  const complete = done.length === services.length && done.length > 0;
  return complete ? { time: new Date(Math.max(...done)).toISOString() } : undefined;
}

/** A service that ran until it was told to stop did what it should. */
function servingStage(state: RunState, end: RunEnd): Stage {
  const { stalled, unregistered, ready } = state;
  const trouble = [stalled, ...unregistered.values()].flatMap((event) => (event ? [event.reason] : []));
  const note = end.at ? [] : trouble;
  const what = { key: 'serving', title: 'serving', note: [ready?.url ?? '', ...note].join('; ') };
  const broken = end.broken || state.cause !== undefined;
  return stage(what, state.ready, broken ? undefined : (state.teardown ?? end.at), { ...end, broken });
}

function teardownStage({ teardown, verdict }: RunState): Stage {
  const what = { key: 'teardown', title: 'teardown', note: teardown?.reason ?? '' };
  return stage(what, teardown, verdict, { at: teardown ? undefined : verdict, broken: false });
}

function queueNote({ queue, started }: RunState): string {
  if (started) return `job ${started.job}`;
  if (!queue) return '';
  const why = [queue.state, queue.explanation ?? queue.reason].filter(Boolean).join(', ');
  return `job ${queue.job}: ${why}${startText(queue)}${queue.next === undefined ? '' : `; ${queue.next}`}`;
}

function nodesNote({ bound, started, preflight }: RunState): string {
  const warnings = preflight?.warnings.map((finding) => `warning: ${findingText(finding)}`) ?? [];
  const head = bound ? `head ${bound.nodes[0]?.host ?? ''}` : '';
  const count = [bound?.nodes.length ?? started?.nodes, head].filter(Boolean).join(', ');
  return [count, ...warnings].filter(Boolean).join('; ');
}

function readyNote({ ready, waiting }: RunState): string {
  // The address first: a note that is too long loses its end.
  return ready ? `${ready.url}, ${ready.model}` : (waiting?.reason ?? '');
}

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
