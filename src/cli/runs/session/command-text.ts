/** A file in commands/ of each session's folder, from its beginning on. */
export const OPENED_BY_ALLOCATE = 'session';

/** What a run's supervisor is told; templates/lib/commands.sh reads it. */
export interface Told {
  readonly verb: 'start' | 'stop' | 'restart' | 'release';
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
