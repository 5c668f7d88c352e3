import type { ObservedEvent } from '../../run/events.ts';

const RANGE = /^(\d+)(?:-(\d+))?$/;

/** The ports that a job has moved, by their planned number, after one more event; `from` and `to` are `2379-2380`, `8000`. */
export function movedPorts(
  known: ReadonlyMap<number, number>,
  event: ObservedEvent,
): ReadonlyMap<number, number> {
  if (event.kind !== 'port-moved') return known;
  const [from, to] = [RANGE.exec(event.from), RANGE.exec(event.to)];
  if (!from || !to) return known;
  const moved = new Map(known);
  const first = Number(from[1]);
  for (let port = first; port <= Number(from[2] ?? first); port++)
    moved.set(port, port - first + Number(to[1]));
  return moved;
}
