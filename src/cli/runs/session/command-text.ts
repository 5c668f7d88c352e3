import type { HostFile } from '../../../host/host.ts';
import type { Plan } from '../../../plan/plan.ts';

/** A file in commands/ of each session's folder, from its beginning on. */
export const OPENED_BY_ALLOCATE = 'session';

/** What a run's supervisor is told; templates/lib/commands.sh reads it. */
export interface Told {
  readonly verb: 'start' | 'stop' | 'restart' | 'drain' | 'release';
  readonly steps: readonly ToldStep[];
}

export interface ToldStep {
  readonly name: string;
  /** Id of a folder in commands/changes, or `none` for the config's command; without it the command stays. */
  readonly change?: string;
}

/** The text of a command's file. Its last line says that it is whole. */
export function commandText({ verb, steps }: Told, from: string): string {
  const lines = steps.map(({ name, change = '' }) => `step ${name} ${change}`.trimEnd());
  return [verb, `from ${from}`, ...lines, 'end', ''].join('\n');
}

/** Sorts before the ids of commands that people give. */
const FIRST = '00000000000000-allocate';

/** What a session's run folder has beside the bundle: the command that starts its workers, unless they are to wait. */
export function sessionFiles(
  plan: Plan,
  { workers }: { readonly workers: boolean },
): ReadonlyMap<string, HostFile> {
  const text = commandText({ verb: 'start', steps: plan.workers.map(({ name }) => ({ name })) }, 'allocate');
  return new Map([
    [`commands/${OPENED_BY_ALLOCATE}`, { text: '', mode: 0o600 }],
    ...(workers ? ([[`commands/${FIRST}.command`, { text, mode: 0o600 }]] as const) : []),
  ]);
}
