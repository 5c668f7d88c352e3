import type { DynSlurmError } from '../../errors.ts';

/** What a set-up does, as it happens. `detail` names what is awaited, was found, or went wrong. */
export interface StepEvent<Step extends string> {
  readonly kind: 'waiting' | 'started' | 'done' | 'failed';
  readonly step: Step;
  readonly detail: string;
}

/** Does one step, and reports its start and its end. `work` gives its result, and that in words. */
export async function reported<Step extends string, T>(
  report: (event: StepEvent<Step>) => void,
  step: Step,
  work: () => Promise<readonly [result: T, detail: string]>,
): Promise<T> {
  report({ kind: 'started', step, detail: '' });
  try {
    const [result, detail] = await work();
    report({ kind: 'done', step, detail });
    return result;
  } catch (error) {
    if ((error as DynSlurmError).code !== 'interrupted') {
      const [first = ''] = (error as Error).message.split(/:?\n/);
      report({ kind: 'failed', step, detail: first });
    }
    throw error;
  }
}
