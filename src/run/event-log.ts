import { join } from 'node:path/posix';
import type { Host } from '../host/host.ts';
import { LineSplitter } from '../host/line-splitter.ts';
import { untilAbort } from '../host/until-abort.ts';
import type { ObservedEvent } from './events.ts';
import { parseEventLine } from './events.ts';
import { type RunState, stateAfter } from './state.ts';

/** Characters of a line of events.jsonl. */
const LONGEST_EVENT = 1024 * 1024;

export interface RunLog {
  readonly events: readonly ObservedEvent[];
  /** Byte offset at which the next line begins. */
  readonly offset: number;
  /** A line that is no JSON was among them. */
  readonly damaged: boolean;
}

function eventsPath(run: { readonly dir: string }): string {
  return join(run.dir, 'events.jsonl');
}

/** The events of a run so far; a line that is still being written is left for later. */
export async function readRunLog(host: Host, run: { readonly dir: string }): Promise<RunLog> {
  return logOf(await host.readText(eventsPath(run)));
}

/** What the events of a run so far lead to. */
export async function readRunState(host: Host, run: { readonly dir: string }): Promise<RunState> {
  return stateAfter((await readRunLog(host, run)).events);
}

/** The events of several runs of one host, at the cost of one round trip. */
export async function readRunLogs(
  host: Host,
  runs: readonly { readonly dir: string }[],
): Promise<readonly RunLog[]> {
  return (await host.readTexts(runs.map(eventsPath))).map(logOf);
}

function logOf(text: string | undefined): RunLog {
  const whole = text?.slice(0, text.lastIndexOf('\n') + 1) ?? '';
  const reader = new EventReader();
  return {
    events: reader.read(whole.split('\n')),
    offset: Buffer.byteLength(whole),
    damaged: reader.damaged,
  };
}

/** The events that are written after `from`, until the abort. A log that was truncated is read from its beginning. */
export function followRunLog(
  host: Host,
  run: { readonly dir: string },
  from: Pick<RunLog, 'offset' | 'damaged'>,
  signal: AbortSignal,
): AsyncGenerator<ObservedEvent> {
  return untilAbort(growth(host, run, from, signal), signal);
}

async function* growth(
  host: Host,
  run: { readonly dir: string },
  from: Pick<RunLog, 'offset' | 'damaged'>,
  signal: AbortSignal,
): AsyncGenerator<ObservedEvent> {
  const lines = new LineSplitter(LONGEST_EVENT);
  const reader = new EventReader(from.damaged);
  for await (const bytes of host.follow(eventsPath(run), from.offset, signal)) {
    if (bytes.length === 0) lines.end();
    yield* reader.read(lines.push(bytes));
  }
}

/** Turns lines into events, and reports damage once. */
class EventReader {
  damaged: boolean;

  constructor(damaged = false) {
    this.damaged = damaged;
  }

  read(lines: readonly string[]): readonly ObservedEvent[] {
    const events = lines.filter((line) => line.trim() !== '').map(parseEventLine);
    return events.filter((event) => {
      if (event.kind !== 'unreadable') return true;
      const first = !this.damaged;
      this.damaged = true;
      return first;
    });
  }
}
