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
export function stage(
  what: Pick<Stage, 'key' | 'title' | 'note'>,
  from: Moment,
  to: Moment,
  end: RunEnd,
): Stage {
  const [begun, done, over] = [millis(from), millis(to), millis(end.at)];
  if (begun === undefined) return { ...what, status: over === undefined ? 'waiting' : 'skipped' };
  if (done !== undefined) return { ...what, status: 'done', from: begun, to: done };
  if (over === undefined) return { ...what, status: 'active', from: begun };
  return { ...what, status: end.broken ? 'failed' : 'skipped', from: begun, to: over };
}

/** Stages under one heading, which sums them up. */
export function group(key: string, title: string, children: readonly Stage[]): Stage {
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
