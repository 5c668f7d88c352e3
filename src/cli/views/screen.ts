import { clock } from '../../format.ts';
import { plainText } from '../../host/plain-text.ts';
import type { ObservedEvent } from '../../run/events.ts';
import type { RunState } from '../../run/state.ts';
import type { Sink } from '../sink.ts';
import type { World } from '../world.ts';
import { wrapped } from '../wrap.ts';

/** `steps`: a list that redraws itself, on a terminal. `lines`: one line a change. `json`: one event a line. */
export type Renderer = 'steps' | 'lines' | 'json';

export interface Screen {
  readonly renderer: Renderer;
  readonly out: Sink;
  readonly columns: number;
  /** Lines that fit; longer lists lose their top. */
  readonly rows?: number | undefined;
  readonly now: () => Date;
  /** Of a terminal, as it is now; what redraws itself needs it. */
  readonly size?: () => { readonly columns: number; readonly rows: number };
  readonly color?: boolean;
}

/** How to show things on standard output. NO_COLOR and TERM=dumb get plain lines. */
export function screenOf(world: World, json = false): Screen {
  const renderer = json ? 'json' : world.isTTY && world.color ? 'steps' : 'lines';
  const { out, columns, rows, now, color } = world;
  const size = () => ({ columns: world.columns, rows: world.rows || 24 });
  return { renderer, out, columns, rows, now, color, ...(world.isTTY && !json && { size }) };
}

/** Of a job that speaks for itself, the queue only repeats that it runs, but for its time limit, and that it ends. */
export function isNews(event: ObservedEvent, { started, teardown, queue }: RunState): boolean {
  if (event.kind !== 'queue' || started === undefined) return true;
  const { phase, end } = event;
  if (phase === 'running' && end !== undefined && end !== queue?.end) return true;
  if (phase === 'starting' || phase === 'running') return false;
  return teardown === undefined || (phase !== 'ending' && phase !== 'ended');
}

/** `14:03:59  prefill workers 2/4` */
export function writeLine(
  text: string | undefined,
  time: Date,
  { out, size }: Pick<Screen, 'out' | 'size'>,
): void {
  if (text === undefined) return;
  const line = `${clock(time)}  ${plainText(text)}\n`;
  out.write(size ? wrapped(line, size().columns) : line);
}
