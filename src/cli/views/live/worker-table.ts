import { widthOf } from '../../../config/text/text-width.ts';
import { brief, percent, shortElapsed } from '../../../format.ts';
import type { WorkerLoad } from '../../../run/service-event.ts';
import type { LiveState, WorkerPhase, WorkerState } from './live-state.ts';
import { type Line, piece, type Style } from './span-line.ts';

interface Row {
  readonly name: string;
  readonly node: string;
  readonly state: string;
  readonly style: Style;
  readonly since: string;
  /** In place of the numbers. */
  readonly note: string;
  readonly numbers: readonly string[];
}

const HEAD: Row = {
  name: 'worker',
  node: 'node',
  state: 'state',
  style: 'dim',
  since: 'for',
  note: '',
  numbers: ['run', 'queue', 'KV', 'in/s', 'out/s'],
};

const STYLES: Readonly<Record<WorkerPhase, Style>> = {
  waiting: 'dim',
  starting: 'warn',
  ready: 'good',
  unregistered: 'warn',
  silent: 'warn',
  lost: 'bad',
  restarting: 'warn',
  stopped: 'dim',
  ending: 'dim',
  ended: 'dim',
};

/** The workers, a line each; where they are more than `rows`, a line a role, those in trouble, and as many as fit. */
export function workerTable(state: LiveState, now: number, columns: number, rows: number): readonly Line[] {
  const workers = [...state.workers.values()];
  const fits = workers.length + 1 <= rows;
  const chosen = fits ? workers : foldedWorkers(workers, rows - 2 - rolesOf(workers).length);
  const shown = [
    HEAD,
    ...(fits ? [] : rolesOf(workers).map((role) => roleRow(role, state))),
    ...chosen.map((worker) => workerRow(worker, state, now)),
  ];
  const left = workers.length - chosen.length;
  const more = left > 0 ? [[piece(`and ${left} more`, 'dim')]] : [];
  return [...aligned(shown, columns), ...more].slice(0, Math.max(rows, 0));
}

const rolesOf = (workers: readonly WorkerState[]): readonly string[] => [
  ...new Set(workers.map(({ role }) => role)),
];

const isFine = ({ phase }: WorkerState): boolean => phase === 'ready';

/** Those in trouble first, and all in the order of the plan. */
function foldedWorkers(workers: readonly WorkerState[], room: number): readonly WorkerState[] {
  const chosen = new Set(
    [...workers.filter((worker) => !isFine(worker)), ...workers].slice(0, Math.max(room, 0)),
  );
  if (room > workers.filter((worker) => !isFine(worker)).length) {
    for (const worker of workers) if (chosen.size < room) chosen.add(worker);
  }
  return workers.filter((worker) => chosen.has(worker));
}

function workerRow(worker: WorkerState, state: LiveState, now: number): Row {
  const { step, nodes, phase, since, note, next, restarts } = worker;
  const listed = phase === 'lost' && state.instances?.instances.some((one) => one.step === step);
  const first = shortName(nodes[0] ?? '-');
  return {
    name: step,
    node: nodes.length > 1 ? `${first} +${nodes.length - 1}` : first,
    state: phase,
    style: STYLES[phase],
    since: since === 0 ? '' : shortElapsed(now - since),
    note: [note, listed ? 'etcd still lists it' : '', next].filter(Boolean).join('; '),
    numbers: phase === 'ready' || phase === 'unregistered' ? numbersOf(loadOf(worker, state)) : [],
    ...(phase === 'ready' && restarts > 0 && { state: `ready ↻${restarts}` }),
  };
}

/** Without the domain, which all nodes share. */
function shortName(host: string): string {
  return /^[\d.]+$/.test(host) ? host : (host.split('.')[0] ?? host);
}

/**
 * By its engine's metrics, else by its log, which knows more than Dynamo's own metrics. Of a prefill worker, the first
 * token of each request is no throughput.
 */
function loadOf({ step, role }: WorkerState, { load, logged }: LiveState): WorkerLoad {
  const { time: _, kind: __, step: ___, role: ____, ...rates } = logged.get(step) ?? {};
  const own = load?.workers[step];
  const engine = own?.kvUsage !== undefined;
  const both: WorkerLoad = engine ? { ...rates, ...own } : { ...own, ...rates };
  if (role !== 'prefill') return both;
  const { outputTokensPerSecond: _____, ...rest } = both;
  return rest;
}

function numbersOf(load: WorkerLoad): readonly string[] {
  const rate = (value: number | undefined) => (value === undefined ? '-' : brief(value));
  return [
    rate(load.running),
    rate(load.queued),
    load.kvUsage === undefined ? '-' : percent(load.kvUsage),
    rate(load.inputTokensPerSecond),
    rate(load.outputTokensPerSecond),
  ];
}

function roleRow(role: string, state: LiveState): Row {
  const workers = [...state.workers.values()].filter((worker) => worker.role === role);
  const loads = workers.map((worker) => loadOf(worker, state));
  const sum = (field: keyof WorkerLoad) => {
    const values = loads.flatMap((load) => load[field] ?? []);
    return values.length === 0 ? {} : { [field]: values.reduce((total, each) => total + each, 0) };
  };
  const usages = loads.flatMap(({ kvUsage }) => kvUsage ?? []);
  const ready = workers.filter(isFine).length;
  return {
    name: role,
    node: `×${workers.length}`,
    state: `${ready} ready`,
    style: ready === workers.length ? 'good' : 'warn',
    since: '',
    note: '',
    numbers: numbersOf({
      ...sum('running'),
      ...sum('queued'),
      ...(usages.length > 0 && { kvUsage: usages.reduce((total, each) => total + each, 0) / usages.length }),
      ...sum('inputTokensPerSecond'),
      ...sum('outputTokensPerSecond'),
    }),
  };
}

/** Columns of numbers by what they tell beyond the others; the last ones have no room first. */
const KEPT_LONGEST = [4, 0, 1, 2, 3];

/** Names are never cut: where there is no room, numbers are left out, then the node and since when. */
function aligned(rows: readonly Row[], columns: number): readonly Line[] {
  const width = (of: (row: Row) => string) => Math.max(...rows.map((row) => widthOf(of(row))));
  const gap = columns < 100 ? ' ' : '  ';
  const sizes = HEAD.numbers.map((_, index) =>
    Math.max(
      5,
      width((row) => row.numbers[index] ?? ''),
    ),
  );
  const plain = (row: Row): Style => (row === HEAD ? 'dim' : 'plain');
  const text = (of: (row: Row) => string, style: (row: Row) => Style = plain, right = false) => ({
    of,
    style,
    right,
    size: width(of),
    kept: true,
  });
  const node = text((row) => row.node);
  const since = text((row) => row.since, plain, true);
  const texts = [
    text(({ name }) => name),
    node,
    text(
      ({ state }) => state,
      ({ style }) => style,
    ),
    since,
  ];
  const used = () => texts.reduce((sum, { size, kept }) => sum + (kept ? size + gap.length : 0), 0);
  const shown = new Set(KEPT_LONGEST);
  const total = () =>
    used() + [...shown].reduce((sum, index) => sum + (sizes[index] ?? 0) + gap.length, -gap.length);
  for (const index of KEPT_LONGEST.slice(1).reverse()) if (total() > columns) shown.delete(index);
  for (const each of [node, since]) if (total() > columns) each.kept = false;
  return rows.map((row) => {
    const numbers = sizes
      .map((size, index) => (shown.has(index) ? (row.numbers[index] ?? '').padStart(size) : undefined))
      .filter((text) => text !== undefined);
    return [
      ...texts.flatMap(({ of, style, right, size, kept }) =>
        kept ? [piece(`${padded(of(row), size, right)}${gap}`, style(row))] : [],
      ),
      row.note === '' ? piece(numbers.join(gap), plain(row)) : piece(row.note, row.style),
    ];
  });
}

function padded(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? `${space}${text}` : `${text}${space}`;
}
