import type { Host } from '../host/host.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { PlanFile } from '../run/plan-file.ts';
import type { Acceptance } from './service/acceptance.ts';
import { type LogFolder, LogLines, timedLogs } from './worker-log-lines.ts';

/** What the lines of one second add up to, each by the steps that it stands for. */
interface Second {
  readonly at: number;
  length: Mean;
  rate: Mean;
}
type Mean = readonly [sum: number, weight: number];

/** Logs that are read: they are alike, and reading all of a large run takes long. */
const MOST = 8;

/** What the logs of some workers that generate say of speculative decoding over a run; only sums by the second are kept. */
export async function loggedAcceptance(
  host: Host,
  folder: LogFolder,
  plan: PlanFile,
  events: readonly ObservedEvent[],
): Promise<{ readonly between: (from: number, until: number) => Acceptance | undefined }> {
  const seconds = new Map<number, Second>();
  const workers = plan.workers.filter(({ role }) => role !== 'prefill');
  const { known } = await timedLogs(host, folder, { ...plan, workers }, events);
  const all = known.flatMap(({ worker, times }) =>
    worker.paths.map((path) => ({ path, behind: times.behind })),
  );
  for (const { path, behind } of all.slice(0, MOST)) {
    const lines = new LogLines(host, path);
    for (await lines.fill(); lines.head; await lines.fill()) {
      const line = lines.head;
      lines.skip();
      if (line.kind === 'stage' || line.kind === 'kernels') continue;
      const { acceptLength, acceptRate, tokensPerSecond } = line;
      if (acceptLength === undefined || !(acceptLength > 0)) continue;
      const at = Math.floor((line.time + behind) / 1000);
      const second = seconds.get(at) ?? { at, length: [0, 0], rate: [0, 0] };
      seconds.set(at, second);
      // Tokens a second, by the tokens of a step.
      const weight = tokensPerSecond === undefined ? 1 : tokensPerSecond / acceptLength;
      second.length = add(second.length, acceptLength, weight);
      second.rate = add(second.rate, acceptRate, weight);
    }
  }
  return {
    between: (from, until) => {
      const during = [...seconds.values()].filter(({ at }) => at * 1000 >= from - 1000 && at * 1000 <= until);
      const acceptLength = mean(during.map(({ length }) => length));
      const acceptRate = mean(during.map(({ rate }) => rate));
      if (acceptLength === undefined) return undefined;
      return { acceptLength, ...(acceptRate !== undefined && { acceptRate }) };
    },
  };
}

function add([sum, weight]: Mean, value: number | undefined, own: number): Mean {
  return value === undefined ? [sum, weight] : [sum + value * own, weight + own];
}

function mean(all: readonly Mean[]): number | undefined {
  const sum = all.reduce((total, [one]) => total + one, 0);
  const weight = all.reduce((total, [, one]) => total + one, 0);
  return weight > 0 ? sum / weight : undefined;
}
