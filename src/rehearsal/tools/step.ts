import type { DynSlurmError } from '../../errors.ts';

/** `servers` and `dynamo` go on at once; the first is the shorter one. */
export const TOOLS_STEPS = ['python', 'servers', 'dynamo', 'check', 'shellcheck'] as const;
export type ToolsStep = (typeof TOOLS_STEPS)[number];

/** What a set-up does, as it happens. `detail` names what is awaited, was found, or went wrong. */
export interface ToolsEvent {
  readonly kind: 'waiting' | 'started' | 'done' | 'failed';
  readonly step: ToolsStep;
  readonly detail: string;
}

export type Report = (event: ToolsEvent) => void;

/** Does one step, and reports its start and its end. */
export async function reported<T>(
  report: Report,
  step: ToolsStep,
  work: () => Promise<T>,
  detail: (result: T) => string,
): Promise<T> {
  report({ kind: 'started', step, detail: '' });
  try {
    const result = await work();
    report({ kind: 'done', step, detail: detail(result) });
    return result;
  } catch (error) {
    if ((error as DynSlurmError).code !== 'interrupted') {
      const [first = ''] = (error as Error).message.split(/:?\n/);
      report({ kind: 'failed', step, detail: first });
    }
    throw error;
  }
}
