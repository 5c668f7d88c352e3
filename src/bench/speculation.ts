import { join } from 'node:path/posix';
import type { Host } from '../host/host.ts';
import { loggedAcceptance } from '../observe/logged-acceptance.ts';
import { type Acceptance, AcceptanceRecorder } from '../observe/service/acceptance.ts';
import { recordedScrapes } from '../observe/service/recorded-file.ts';
import type { LogFolder } from '../observe/worker-log-lines.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { Run } from '../run/folder.ts';
import type { PlanFile } from '../run/plan-file.ts';

/** How speculative decoding went between two moments, milliseconds since 1970; a sentence where nobody knows. */
export type Speculation = (from: number, until: number) => Acceptance | string;

/** By the workers' recorded metrics, or their logs; undefined where no worker of the run speculates. */
export async function readSpeculation(
  host: Host,
  run: Run,
  logs: LogFolder,
  { plan, events }: { readonly plan: PlanFile | undefined; readonly events: readonly ObservedEvent[] },
): Promise<Speculation | undefined> {
  if (plan === undefined || !(await speculates(host, run, plan))) return undefined;
  const recorder = new AcceptanceRecorder();
  for await (const scrape of recordedScrapes(host, logs.folder)) recorder.add(scrape);
  const recorded = recorder.between(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY) !== undefined;
  const source = recorded ? recorder : await loggedAcceptance(host, logs, plan, events);
  return (from, until) =>
    source.between(from, until) ?? 'neither the metrics nor the logs of the workers tell of it';
}

/** By a flag of a worker's command, or by a key of its engine's file. */
async function speculates(host: Host, run: Run, { processes }: PlanFile): Promise<boolean> {
  if (processes.some(({ argv }) => argv.some((word) => word.startsWith('--speculative-')))) return true;
  const steps = join(run.dir, 'steps');
  const files = (await host.list(steps)).filter((name) => /^engine-\w+\.yaml$/.test(name));
  const texts = await Promise.all(files.map((name) => host.readText(join(steps, name))));
  return texts.some((text) => /^speculative_config:(?! *(null|~)$)/m.test(text ?? ''));
}
