import { elapsed } from '../../../format.ts';
import type { Stage } from '../../views/run-stages.ts';
import { type Board, openBoard, type Screen, writeLine } from '../../views/screen.ts';

/** Steps of work whose progress somebody reports, such as a set-up; shown like a run. */
export interface Checklist {
  start(key: string, note?: string): void;
  note(key: string, note: string): void;
  done(key: string, note?: string): void;
  fail(key: string, note: string): void;
  /** Always to be called; steps that never began are shown as left off. */
  close(): Promise<void>;
}

export interface ChecklistItem {
  readonly key: string;
  readonly title: string;
}

/** A step of work that runs in turn. */
export interface WorkStep {
  readonly title: string;
  /** `note` shows what it is at; what it gives is shown beside it when it is done. */
  run(note: (text: string) => void, signal: AbortSignal): Promise<string | undefined>;
}

/** Runs steps one after the other and shows them. What a step throws ends them, and is thrown on. */
export async function runSteps(
  steps: readonly WorkStep[],
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const list = await openChecklist(
    steps.map(({ title }, index) => ({ key: String(index), title })),
    screen,
  );
  try {
    for (const [index, step] of steps.entries()) await runStep(String(index), step, list, signal);
  } finally {
    await list.close();
  }
}

async function runStep(key: string, { run }: WorkStep, list: Checklist, signal: AbortSignal): Promise<void> {
  list.start(key);
  try {
    list.done(key, await run((note) => list.note(key, note), signal));
  } catch (error) {
    list.fail(key, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    throw error;
  }
}

export async function openChecklist(items: readonly ChecklistItem[], screen: Screen): Promise<Checklist> {
  const stages = new Map(
    items.map((item): [string, Stage] => [item.key, { ...item, status: 'waiting', note: '' }]),
  );
  const board: Board | undefined =
    screen.renderer === 'steps' ? await openBoard([...stages.values()], screen) : undefined;

  const set = (key: string, status: Stage['status'], note: string | undefined) => {
    const before = stages.get(key);
    if (before === undefined) throw new Error(`no step ${key} in the list`);
    const now = screen.now();
    const from = before.from ?? now.getTime();
    const over = status === 'done' || status === 'failed';
    const stage: Stage = { ...before, status, note: note ?? '', from, ...(over && { to: now.getTime() }) };
    stages.set(key, stage);
    if (board) board.update([...stages.values()]);
    else if (screen.renderer === 'json') screen.out.write(`${JSON.stringify(stageEvent(stage, now))}\n`);
    else writeLine(stageLine(stage), now, screen);
  };

  return {
    start: (key, note) => set(key, 'active', note),
    note: (key, note) => set(key, 'active', note),
    done: (key, note) => set(key, 'done', note),
    fail: (key, note) => set(key, 'failed', note),
    close: async () => board?.close(),
  };
}

function stageEvent({ key, title, status, note, from = 0, to }: Stage, now: Date): object {
  return {
    time: now.toISOString(),
    kind: 'step',
    step: key,
    title,
    status,
    note,
    ...(to !== undefined && { seconds: (to - from) / 1000 }),
  };
}

function stageLine({ title, status, note, from = 0, to }: Stage): string {
  if (to === undefined) return `${title}: ${note || '…'}`;
  return `${title}${status === 'failed' ? ' failed' : ''}: ${note === '' ? '' : `${note}, `}${elapsed(to - from)}`;
}
