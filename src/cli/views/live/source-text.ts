import { brief, rounded } from '../../../format.ts';
import { count, plural } from '../../wording.ts';
import type { LiveState } from './live-state.ts';
import { flow, type Line, type Piece, piece, type Style } from './span-line.ts';

/** What the sources say, side by side in as many lines as they need; those that are missing with the reason. */
export function sourceLines(state: LiveState, columns: number): readonly Line[] {
  const ending = state.run.teardown !== undefined || state.run.verdict !== undefined;
  const shown = ending ? totalParts(state) : parts(state);
  const lines = flow(
    shown.map((part) => [part]),
    columns,
  );
  const missing = [...state.sources.values()].flatMap(({ source, state: word, via, reason }): Line[] =>
    !ending && reason !== '' && (word === 'missing' || via === 'recorded')
      ? [[piece(`${source}: ${reason}`, 'warn')]]
      : [],
  );
  const { signature, run } = state;
  const known = signature
    ? [[piece(`${signature.step} on ${signature.node}: ${signature.title}; ${signature.advice}`, 'bad')]]
    : [];
  const stalled = run.stalled ? [[piece(run.stalled.reason, 'bad')]] : [];
  return [...lines, ...stalled, ...known, ...missing].slice(0, MOST);
}

/** Lines at the foot; more would push the workers out of a short terminal. */
const MOST = 6;

function parts(state: LiveState): readonly Piece[] {
  const { instances, bus, health, sources } = state;
  const up = (source: 'etcd' | 'nats') => sources.get(source)?.state === 'up';
  return [
    ...(instances && up('etcd') ? [etcdPart(instances)] : []),
    ...(bus && up('nats') ? [piece(busText(bus), 'dim')] : []),
    ...(health?.frontends ?? []).map(({ step, state, instances: known }) => {
      const fine: Style = state === 'healthy' ? 'dim' : 'bad';
      return piece(`${step} ${state}${state === 'silent' ? '' : `, sees ${known}`}`, fine);
    }),
    ...totalParts(state),
  ];
}

function totalParts({ load }: LiveState): readonly Piece[] {
  if (load === undefined || load.totals.requests === 0) return [];
  const { requests, failed, outputTokens } = load.totals;
  return [
    piece(
      `${rounded(requests)} ${plural(requests, 'request')}, ${brief(outputTokens)} tok out since start`,
      'dim',
    ),
    ...(failed > 0 ? [piece(`${rounded(failed)} failed`, 'warn')] : []),
  ];
}

function etcdPart({ roles }: NonNullable<LiveState['instances']>): Piece {
  // More than there ought to be are those that died and are listed still.
  const complete = roles.every(({ have, want }) => have === want);
  const text = roles.map(({ role, have, want }) => `${role} ${have}/${want}`).join(', ');
  return piece(`etcd ${text}`, complete ? 'dim' : 'warn');
}

function busText({ jetstream, services, milliseconds }: NonNullable<LiveState['bus']>): string {
  const streams = jetstream && jetstream.streams > 0 ? `, ${count(jetstream.streams, 'stream')}` : '';
  const requests = services.reduce((sum, each) => sum + each.requests, 0);
  return `NATS ${milliseconds < 1 ? '<1' : Math.round(milliseconds)} ms${streams}${requests > 0 ? `, ${rounded(requests)} ${plural(requests, 'request')}` : ''}`;
}
