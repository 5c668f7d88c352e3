export type ToolsStep = 'python' | 'dynamo' | 'servers' | 'check' | 'shellcheck';

/** What a set-up does, as it happens. `detail` names what was found: `Python 3.11.7`. */
export type ToolsEvent =
  | { readonly kind: 'waiting'; readonly detail: string }
  | { readonly kind: 'started'; readonly step: ToolsStep }
  | { readonly kind: 'done'; readonly step: ToolsStep; readonly seconds: number; readonly detail: string };

export type Report = (event: ToolsEvent) => void;

/** Does one step between its two events. */
export async function timed<T>(
  report: Report,
  step: ToolsStep,
  work: () => Promise<T>,
  detail: (result: T) => string,
): Promise<T> {
  const start = performance.now();
  report({ kind: 'started', step });
  const result = await work();
  report({ kind: 'done', step, seconds: (performance.now() - start) / 1000, detail: detail(result) });
  return result;
}
