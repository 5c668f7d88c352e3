import { Writable } from 'node:stream';
import type { Listr, ListrTask } from 'listr2';
import { widthOf } from '../../config/text/text-width.ts';
import { clock, elapsed } from '../../format.ts';
import { plainText } from '../../host/plain-text.ts';
import type { ObservedEvent } from '../../run/events.ts';
import type { Outline } from '../../run/plan-file.ts';
import { advance, NEW_RUN, type RunState } from '../../run/state.ts';
import type { Sink } from '../sink.ts';
import { draw } from '../sink.ts';
import type { World } from '../world.ts';
import { fitted, wrapped } from '../wrap.ts';
import { eventText } from './event-text.ts';
import type { Stage } from './run-stages.ts';
import { runStages } from './run-stages.ts';

/** `steps`: a list that redraws itself, on a terminal. `lines`: one line a change. `json`: one event a line. */
export type Renderer = 'steps' | 'lines' | 'json';

export interface Screen {
  readonly renderer: Renderer;
  readonly out: Sink;
  readonly columns: number;
  /** Lines that fit; longer lists lose their top. */
  readonly rows?: number | undefined;
  readonly now: () => Date;
  /** Current size of the terminal, for views that redraw themselves. */
  readonly size?: () => { readonly columns: number; readonly rows: number };
  readonly color?: boolean;
}

/** How to show things on standard output; `best` is for a terminal with colors, and others get plain lines. */
export function screenOf(world: World, json = false, best: Renderer = 'steps'): Screen {
  const renderer = json ? 'json' : world.isTTY && world.color ? best : 'lines';
  const { out, columns, rows, now, color } = world;
  const size = () => ({ columns: world.columns, rows: world.rows || 24 });
  return { renderer, out, columns, rows, now, color, ...(world.isTTY && !json && { size }) };
}

export interface RunShown {
  readonly outline: Outline | undefined;
  /** RFC 3339. */
  readonly submitted?: string | undefined;
  /** What a person wants to know once it is ready, as lines. */
  readonly access?: (ready: NonNullable<RunState['ready']>) => string;
  /** Leave out the stages after this one. */
  readonly through?: string;
}

/** Shows a run's events as they come; the state after the last one. */
export async function showEvents(
  events: AsyncIterable<ObservedEvent>,
  { outline = { steps: [] }, submitted, through }: RunShown,
  screen: Screen,
): Promise<RunState> {
  const since = submitted === undefined ? undefined : { time: submitted };
  const stagesOf = (state: RunState) => {
    const stages = runStages(state, outline, since);
    const last = stages.findIndex(({ key }) => key === through);
    return last < 0 ? stages : stages.slice(0, last + 1);
  };
  let board = screen.renderer === 'steps' ? await openBoard(stagesOf(NEW_RUN), screen) : undefined;
  let state = NEW_RUN;
  try {
    for await (const event of events) {
      const news = isNews(event, state);
      state = advance(state, event);
      if (board && event.kind === 'requeued') {
        // What is over stays over on a board; the next attempt has one of its own.
        await board.close();
        writeLine(eventText(event), new Date(event.time), screen);
        board = await openBoard(stagesOf(state), screen);
      } else if (board) board.update(stagesOf(state));
      else if (screen.renderer === 'json') screen.out.write(`${JSON.stringify(event)}\n`);
      else if (news) writeLine(eventText(event), new Date(event.time || screen.now()), screen);
    }
  } finally {
    await board?.close();
  }
  return state;
}

/** For a job with events of its own, the queue only adds its time limit, and that it ends. */
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

/** A step list on the terminal, redrawn as its stages change. */
export interface Board {
  /** The same keys as at the start. */
  update(stages: readonly Stage[]): void;
  /** What is not over by now is shown as left off. */
  close(): Promise<void>;
}

/** A stage as the board holds it: its task waits until the stage is over. */
interface Slot {
  stage: Stage;
  show?: (text: string) => void;
  readonly over: Promise<void>;
  readonly end: () => void;
}

export async function openBoard(first: readonly Stage[], screen: Screen): Promise<Board> {
  const { Listr, ListrLogger, ProcessOutput } = await import('listr2');
  const slots = new Map<string, Slot>();
  const stream = terminal(screen);
  const tree: Listr = new Listr(
    first.map((stage) => boardTask(stage, slots, screen)),
    {
      exitOnError: false,
      registerSignalListeners: false,
      forceTTY: true,
      rendererOptions: {
        collapseSubtasks: false,
        formatOutput: 'truncate',
        logger: new ListrLogger({
          useIcons: true,
          toStderr: [],
          processOutput: new ProcessOutput(stream, stream),
        }),
      },
    },
  );
  const redraw = () => {
    for (const { stage, show } of slots.values()) show?.(stageText(stage, screen));
  };
  // The elapsed times of stages that go on.
  const ticker = setInterval(redraw, 500);
  const finished = tree.run();
  return {
    update(stages) {
      for (const stage of stages.flatMap(withChildren)) {
        const slot = slots.get(stage.key);
        if (slot === undefined) continue;
        slot.stage = stage;
        if (OVER.has(stage.status)) slot.end();
      }
      redraw();
    },
    async close() {
      for (const slot of slots.values()) {
        if (!OVER.has(slot.stage.status)) slot.stage = { ...slot.stage, status: 'skipped' };
        slot.end();
      }
      await finished;
      clearInterval(ticker);
    },
  };
}

const OVER: ReadonlySet<Stage['status']> = new Set(['done', 'failed', 'skipped']);

const withChildren = (stage: Stage): readonly Stage[] => [
  stage,
  ...(stage.children ?? []).flatMap(withChildren),
];

function boardTask(stage: Stage, slots: Map<string, Slot>, screen: Screen): ListrTask {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const slot: Slot = { stage, over, end };
  slots.set(stage.key, slot);
  const children = (stage.children ?? []).map((child) => boardTask(child, slots, screen));
  return {
    title: stageText(stage, screen),
    task: async (_, task) => {
      if (children.length > 0)
        return task.newListr([...children, unfinished(slot)], { concurrent: true, exitOnError: false });
      slot.show = (text) => {
        task.title = text;
      };
      await over;
      const text = stageText(slot.stage, screen);
      slot.show(text);
      delete slot.show;
      if (slot.stage.status === 'failed') throw new Error(text);
      if (slot.stage.status === 'skipped') task.skip(text);
      return undefined;
    },
  };
}

/** Below a heading, and not shown: keeps a heading from its tick where not all below it was done. */
const unfinished = (slot: Slot): ListrTask => ({
  task: async () => {
    await slot.over;
    if (slot.stage.status === 'skipped') throw new Error('not finished');
  },
});

/** `prefill workers  2/4  3.1 s`; where it does not fit, the note loses its end. */
function stageText({ title, note, from, to, status }: Stage, screen: Screen): string {
  const time =
    from === undefined || status === 'waiting' ? '' : elapsed((to ?? screen.now().getTime()) - from);
  const named = plainText(title);
  const room = screen.columns - BESIDE - widthOf(named) - time.length;
  return [named, fitted(plainText(note), room), time].filter(Boolean).join('  ');
}

/** Columns that the icon, the indentation and the gaps of a line take, at most. */
const BESIDE = 9;

function terminal({ out, columns, rows }: Screen): NodeJS.WriteStream {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _, done) {
      draw(out, String(chunk));
      done();
    },
  });
  return Object.assign(stream, { columns, rows, isTTY: true }) as unknown as NodeJS.WriteStream;
}
