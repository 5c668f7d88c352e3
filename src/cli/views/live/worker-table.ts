import { brief, percent, shortElapsed } from '../../../format.ts';
import { shortName } from '../../../run/node-name.ts';
import type { WorkerLoad } from '../../../run/service-event.ts';
import type { LiveState, WorkerPhase, WorkerState } from './live-state.ts';
import { inColumns, type Line, piece, type Style } from './span-line.ts';

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
  const urgent = workers.toSorted((one, other) => Number(isFine(one)) - Number(isFine(other)));
  const chosen = new Set(urgent.slice(0, Math.max(room, 0)));
  return workers.filter((worker) => chosen.has(worker));
}

function workerRow(worker: WorkerState, state: LiveState, now: number): Row {
  const { step, nodes, phase, since, note, next, restarts } = worker;
  const listed = phase === 'lost' && state.instances?.instances.some((one) => one.step === step);
  const [host = '-'] = nodes;
  // An address has no domain.
  const first = /^[\d.]+$/.test(host) ? host : shortName(host);
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

/**
 * By its engine's metrics, else by its log, which knows more than Dynamo's own metrics. Of a prefill worker, the first
 * token of each request is no throughput.
 */
function loadOf({ step, role }: WorkerState, { load, logged }: LiveState): WorkerLoad {
  const own = load?.workers[step];
  const { time: _, kind: __, step: ___, role: ____, ...rates } = logged.get(step) ?? {};
  const both: WorkerLoad = own?.kvUsage === undefined ? { ...own, ...rates } : { ...rates, ...own };
  if (role !== 'prefill') return both;
  const { outputTokensPerSecond: _____, ...rest } = both;
  return rest;
}

function numbersOf(load: { readonly [Field in keyof WorkerLoad]: number | undefined }): readonly string[] {
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
  const total = (field: keyof WorkerLoad) => {
    const values = loads.flatMap((load) => load[field] ?? []);
    return values.length === 0 ? undefined : values.reduce((sum, each) => sum + each, 0);
  };
  const [ready, usage] = [workers.filter(isFine).length, total('kvUsage')];
  return {
    name: role,
    node: `×${workers.length}`,
    state: `${ready} ready`,
    style: ready === workers.length ? 'good' : 'warn',
    since: '',
    note: '',
    numbers: numbersOf({
      running: total('running'),
      queued: total('queued'),
      kvUsage: usage && usage / loads.filter(({ kvUsage }) => kvUsage !== undefined).length,
      inputTokensPerSecond: total('inputTokensPerSecond'),
      outputTokensPerSecond: total('outputTokensPerSecond'),
    }),
  };
}

/** Names and states are never cut: where there is no room, numbers are left out, then the node and since when. */
const EXPENDABLE = [7, 6, 5, 4, 1, 3];
/** Columns before the numbers. */
const TEXTS = 4;

function aligned(rows: readonly Row[], columns: number): readonly Line[] {
  const cells = rows.map((row): Line => {
    const plain: Style = row === HEAD ? 'dim' : 'plain';
    const numbers = HEAD.numbers.map((_, index) => (row.numbers[index] ?? '').padStart(5));
    return [row.name, row.node, row.state, row.since, ...numbers].map((text, index) =>
      piece(text, index === 2 ? row.style : plain),
    );
  });
  const gap = columns < 100 ? 1 : 2;
  const { lines, kept } = inColumns(cells, columns, { gap, rightFrom: 3, expendable: EXPENDABLE });
  const texts = kept.filter((index) => index < TEXTS).length;
  return rows.map(({ note, style }, index) => {
    const line = lines[index] ?? [];
    return note === '' ? line : [...line.slice(0, texts), piece(note, style)];
  });
}
