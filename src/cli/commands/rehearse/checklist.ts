import { elapsed } from '../../../format.ts';
import { jsonLine } from '../../sink.ts';
import type { Stage } from '../../views/run-stages.ts';
import { openBoard, type Screen, writeLine } from '../../views/screen.ts';

/** Steps of work whose progress somebody reports, such as a set-up; shown like a run. */
export interface Checklist {
  set(key: string, status: 'active' | 'done' | 'failed', note?: string): void;
  /** Always to be called; steps that never began are shown as left off. */
  close(): Promise<void>;
}

/** A step of work that runs in turn. */
export interface WorkStep {
  readonly title: string;
  /** `note` shows what it is at; what it gives is shown beside it when it is done. */
  run(note: (text: string) => void): Promise<string | undefined>;
}

/** Runs steps one after the other and shows them. What a step throws ends them, and is thrown on. */
export async function runSteps(steps: readonly WorkStep[], screen: Screen): Promise<void> {
  const items = steps.map(({ title, run }, index) => ({ key: String(index), title, run }));
  const list = await openChecklist(items, screen);
  try {
    for (const { key, run } of items) {
      list.set(key, 'active');
      try {
        list.set(key, 'done', await run((note) => list.set(key, 'active', note)));
      } catch (error) {
        list.set(key, 'failed', error instanceof Error ? error.message.split('\n')[0] : String(error));
        throw error;
      }
    }
  } finally {
    await list.close();
  }
}

export async function openChecklist(
  items: readonly Pick<Stage, 'key' | 'title'>[],
  screen: Screen,
): Promise<Checklist> {
  const stages = new Map(
    items.map(({ key, title }): [string, Stage] => [key, { key, title, status: 'waiting', note: '' }]),
  );
  const board = screen.renderer === 'steps' ? await openBoard([...stages.values()], screen) : undefined;
  return {
    set(key, status, note = '') {
      const before = stages.get(key);
      if (before === undefined) throw new Error(`no step ${key} in the list`);
      const now = screen.now();
      const from = before.from ?? now.getTime();
      const stage: Stage = {
        ...before,
        status,
        note,
        from,
        ...(status !== 'active' && { to: now.getTime() }),
      };
      stages.set(key, stage);
      if (board) board.update([...stages.values()]);
      else if (screen.renderer === 'json') screen.out.write(jsonLine(stageEvent(stage, now)));
      else writeLine(stageLine(stage), now, screen);
    },
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
