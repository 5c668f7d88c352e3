import type { ObservedEvent } from '../../../run/events.ts';
import { isServing, type RunState } from '../../../run/state.ts';
import { wrapped } from '../../wrap.ts';
import { eventText } from '../event-text.ts';
import { runStages } from '../run-stages.ts';
import { type Board, isNews, openBoard, type RunShown, type Screen, writeLine } from '../screen.ts';
import { Canvas } from './canvas.ts';
import { LoadLines } from './history.ts';
import { advanceLive, isMock, type LiveState, newLiveState } from './live-state.ts';
import { liveText } from './live-text.ts';

/** Milliseconds between redraws while nothing happens: times go on. */
const TICK = 1000;

/**
 * Shows a run as it comes up, then what its service does, and how it ends. On a terminal that is a step list, a view that
 * redraws itself, and a step again; without colors lines take the steps' places. The state after the last event.
 */
export async function showLive(
  name: string,
  events: AsyncIterable<ObservedEvent>,
  { outline = { steps: [] }, submitted, access }: RunShown,
  screen: Screen,
): Promise<RunState> {
  let state = newLiveState(outline);
  const view =
    screen.renderer === 'json'
      ? undefined
      : new RunView(name, { outline, submitted, ...(access && { access }) }, screen);
  try {
    await view?.open(state);
    for await (const event of events) {
      const news = isNews(event, state.run);
      state = advanceLive(state, event);
      if (view) await view.show(event, state, news);
      else screen.out.write(`${JSON.stringify(event)}\n`);
    }
  } finally {
    await view?.close();
  }
  return state.run;
}

class RunView {
  readonly #name: string;
  readonly #shown: RunShown;
  readonly #screen: Screen;
  readonly #loads = new LoadLines();
  #state: LiveState | undefined;
  #board: Board | undefined;
  #canvas: Canvas | undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(name: string, shown: RunShown, screen: Screen) {
    this.#name = name;
    this.#shown = shown;
    this.#screen = screen;
  }

  async open(state: LiveState): Promise<void> {
    this.#state = state;
    await this.#openBoard(state.run, 'start');
  }

  async show(event: ObservedEvent, state: LiveState, news: boolean): Promise<void> {
    this.#state = state;
    const { run } = state;
    if (event.kind === 'requeued') {
      // What is over stays over on a board; the next attempt has one of its own.
      await this.close();
      this.#line(event);
      await this.#openBoard(run, 'start');
    } else if (isServing(run)) await this.#live(event, news);
    else if (this.#screen.renderer === 'lines') {
      this.#closeCanvas();
      if (news) this.#line(event);
    } else await this.#steps(event, run);
  }

  async #live(event: ObservedEvent, news: boolean): Promise<void> {
    if (this.#board) {
      this.#board.update(this.#stages('start'));
      await this.#closeBoard();
      // The view shows the rest of it.
    } else if (news && (!this.#canvas || (event.kind !== 'load' && event.kind !== 'source')))
      this.#line(event);
    // What a run has been through comes all at once, and it may be over.
    if (event.kind === 'ready') setTimeout(() => this.#showAccess(event), 0);
    if (!this.#screen.size) return;
    if (this.#canvas) {
      if (event.kind === 'load' || event.kind === 'health') this.#draw();
      return;
    }
    const { size, out } = this.#screen;
    this.#canvas = new Canvas(out, () => size().columns);
    // What a run has been through comes all at once, and it may be over.
    this.#ticker = setInterval(() => this.#draw(), TICK);
    setTimeout(() => this.#draw(), 0);
  }

  #showAccess(ready: NonNullable<RunState['ready']>): void {
    if (!this.#state || !isServing(this.#state.run)) return;
    const { out, size } = this.#screen;
    const text = this.#shown.access?.(ready) ?? '';
    const shown = size ? wrapped(text, size().columns) : text;
    if (this.#canvas) this.#canvas.print(shown);
    else out.write(shown);
  }

  #draw(): void {
    const { size, color = false, now } = this.#screen;
    if (!this.#canvas || !this.#state || !size) return;
    this.#canvas.draw(liveText(this.#name, this.#state, now().getTime(), { ...size(), color }));
  }

  async #steps(event: ObservedEvent, run: RunState): Promise<void> {
    const ending = run.teardown !== undefined || run.verdict !== undefined;
    if (event.kind === 'teardown' || (ending && this.#canvas)) {
      const was = this.#board !== undefined;
      if (was) this.#board?.update(this.#stages('start'));
      await this.close();
      if (run.teardown) await this.#openBoard(run, 'end');
    }
    this.#board?.update(this.#stages(run.teardown ? 'end' : 'start'));
  }

  /** A line for people: above the view where there is one. */
  #line(event: ObservedEvent): void {
    const text =
      event.kind === 'load'
        ? this.#loads.hear(event, this.#state !== undefined && isMock(this.#state))
        : eventText(event);
    const { now, out, size } = this.#screen;
    const sized = size ? { size } : {};
    const time = new Date(event.time || now());
    const canvas = this.#canvas;
    if (canvas) {
      this.#draw();
      writeLine(text, time, { out: { write: (line) => canvas.print(line) }, ...sized });
    } else writeLine(text, time, { out, ...sized });
  }

  async #openBoard(run: RunState, part: 'start' | 'end'): Promise<void> {
    if (this.#screen.renderer !== 'steps') return;
    this.#board = await openBoard(this.#stages(part, run), this.#screen);
  }

  /** Up to where the service is ready, or from where it is torn down. */
  #stages(part: 'start' | 'end', run = this.#state?.run) {
    const { outline, submitted } = this.#shown;
    if (run === undefined) return [];
    const stages = runStages(
      run,
      outline ?? { steps: [] },
      submitted === undefined ? undefined : { time: submitted },
    );
    const ready = stages.findIndex(({ key }) => key === 'ready');
    return part === 'start' ? stages.slice(0, ready + 1) : stages.filter(({ key }) => key === 'teardown');
  }

  async #closeBoard(): Promise<void> {
    const board = this.#board;
    this.#board = undefined;
    await board?.close();
  }

  #closeCanvas(): void {
    clearInterval(this.#ticker);
    if (this.#canvas) this.#draw();
    this.#canvas?.close();
    this.#canvas = undefined;
  }

  async close(): Promise<void> {
    this.#closeCanvas();
    await this.#closeBoard();
  }
}
