import type { HostFile } from '../../../host/host.ts';
import type { Plan } from '../../../plan/plan.ts';
import { commandText, OPENED_BY_ALLOCATE } from './command-text.ts';

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
