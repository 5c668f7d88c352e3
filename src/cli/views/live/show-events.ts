import type { ObservedEvent } from '../../../run/events.ts';
import type { Outline } from '../../../run/plan-file.ts';
import { isServing, NEW_RUN, type RunState } from '../../../run/state.ts';
import { wrapped } from '../../wrap.ts';
import { eventText } from '../event-text.ts';
import { runStages, type Stage } from '../run-stages.ts';
import { isNews, type Screen, writeLine } from '../screen.ts';
import { Board } from './board.ts';
import { Canvas } from './canvas.ts';
import { LoadLines } from './history.ts';
import { advanceLive, isMock, type LiveState, newLiveState } from './live-state.ts';
import { liveText } from './live-text.ts';

/** Milliseconds between redraws while nothing happens: times go on. */
const TICK = 1000;

export interface RunShown {
  readonly outline: Outline | undefined;
  /** RFC 3339. */
  readonly submitted?: string | undefined;
  /** What a person wants to know once it is ready, as lines. */
  readonly access?: (ready: NonNullable<RunState['ready']>) => string;
  /** Leave out the stages after this one. */
  readonly through?: string;
  /** The run's name: what its service does is shown too, in a view that redraws itself where there is a terminal. */
  readonly live?: string;
}

/**
 * Shows a run's events as they come; the state after the last one. On a terminal that is a step list; with `live` up to
 * ready, then a view of what the service does, and a step again for its end. Without colours lines take the steps' places.
 */
export async function showEvents(
  events: AsyncIterable<ObservedEvent>,
  shown: RunShown,
  screen: Screen,
): Promise<RunState> {
  const view = new RunView(shown, screen);
  try {
    for await (const event of events) view.show(event);
  } finally {
    view.close();
  }
  return view.run;
}

class RunView {
  readonly #shown: RunShown;
  readonly #screen: Screen;
  readonly #loads = new LoadLines();
  #state: LiveState;
  #board: Board | undefined;
  #canvas: Canvas | undefined;
  #ticker: NodeJS.Timeout | undefined;
  /** A live view is over, and only the teardown is left to show. */
  #ending = false;

  constructor(shown: RunShown, screen: Screen) {
    this.#shown = shown;
    this.#screen = screen;
    this.#state = newLiveState(shown.outline ?? { steps: [] });
    this.#openBoard();
  }

  get run(): RunState {
    return this.#state.run;
  }

  show(event: ObservedEvent): void {
    const news = isNews(event, this.run);
    this.#state = advanceLive(this.#state, event);
    const { renderer, out } = this.#screen;
    if (renderer === 'json') out.write(`${JSON.stringify(event)}\n`);
    else if (event.kind === 'requeued') {
      // What is over stays over on a board; the next attempt has one of its own.
      this.close();
      this.#line(event);
      this.#ending = false;
      this.#openBoard();
    } else if (this.#shown.live !== undefined && isServing(this.run)) this.#serve(event, news);
    else if (renderer === 'lines') {
      this.#closeCanvas();
      if (news) this.#line(event);
    } else this.#steps(event);
  }

  #serve(event: ObservedEvent, news: boolean): void {
    if (this.#board) {
      this.#board.update(this.#stages());
      this.#closeBoard();
      // The view shows the rest of it.
    } else if (news && (!this.#canvas || (event.kind !== 'load' && event.kind !== 'source')))
      this.#line(event);
    // What a run has been through comes all at once, and it may be over.
    if (event.kind === 'ready') setTimeout(() => this.#showAccess(event), 0);
    const { size, out } = this.#screen;
    if (!size) return;
    if (this.#canvas) {
      if (event.kind === 'load' || event.kind === 'health') this.#draw();
      return;
    }
    this.#canvas = new Canvas(out, () => size().columns);
    this.#ticker = setInterval(() => this.#draw(), TICK);
    setTimeout(() => this.#draw(), 0);
  }

  #showAccess(ready: NonNullable<RunState['ready']>): void {
    if (!isServing(this.run)) return;
    const { out, size } = this.#screen;
    const text = this.#shown.access?.(ready) ?? '';
    const shown = size ? wrapped(text, size().columns) : text;
    if (this.#canvas) this.#canvas.print(shown);
    else out.write(shown);
  }

  #draw(): void {
    const { size, color = false, now } = this.#screen;
    const { live } = this.#shown;
    if (!this.#canvas || live === undefined || !size) return;
    this.#canvas.draw(liveText(live, this.#state, now().getTime(), { ...size(), color }));
  }

  #steps(event: ObservedEvent): void {
    const { teardown, verdict } = this.run;
    const served = (teardown ?? verdict) !== undefined && this.#canvas !== undefined;
    if (this.#shown.live !== undefined && (event.kind === 'teardown' || served)) {
      this.#board?.update(this.#stages());
      this.close();
      this.#ending = teardown !== undefined;
      if (this.#ending) this.#openBoard();
    }
    this.#board?.update(this.#stages());
  }

  /** A line for people: above the view where there is one. */
  #line(event: ObservedEvent): void {
    const text = event.kind === 'load' ? this.#loads.hear(event, isMock(this.#state)) : eventText(event);
    const { now, out, size } = this.#screen;
    const canvas = this.#canvas;
    if (canvas) this.#draw();
    const above = canvas ? { write: (line: string) => canvas.print(line) } : out;
    writeLine(text, new Date(event.time || now()), { out: above, ...(size && { size }) });
  }

  #openBoard(): void {
    if (this.#screen.renderer === 'steps') this.#board = new Board(this.#stages(), this.#screen);
  }

  #stages(): readonly Stage[] {
    const { outline, submitted, live, through = live === undefined ? undefined : 'ready' } = this.#shown;
    const since = submitted === undefined ? undefined : { time: submitted };
    const { requeued, queue } = this.run;
    const run = requeued ? { ...NEW_RUN, ...(queue && { queue }) } : this.run;
    const stages = runStages(run, outline ?? { steps: [] }, since);
    if (this.#ending) return stages.filter(({ key }) => key === 'teardown');
    const last = stages.findIndex(({ key }) => key === through);
    return last < 0 ? stages : stages.slice(0, last + 1);
  }

  #closeBoard(): void {
    this.#board?.close();
    this.#board = undefined;
  }

  #closeCanvas(): void {
    clearInterval(this.#ticker);
    this.#draw();
    this.#canvas?.close();
    this.#canvas = undefined;
  }

  close(): void {
    this.#closeCanvas();
    this.#closeBoard();
  }
}
