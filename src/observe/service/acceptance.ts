import { METRICS } from '../../engines/dialects.ts';
import type { Sample } from './exposition.ts';
import type { Scrape } from './load.ts';
import { growthOf, seriesOf } from './series.ts';

/** How speculative decoding went. */
export interface Acceptance {
  /** Tokens for each step of a request that verifies a draft, the engine's own one among them. */
  readonly acceptLength?: number;
  /** Share of drafted tokens that was accepted. */
  readonly acceptRate?: number;
}

const SPECULATION = METRICS.flatMap(({ speculation }) => speculation ?? []);
const NAMES: ReadonlySet<string> = new Set(SPECULATION.flatMap((names) => Object.values(names)));

interface Look {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly targets: ReadonlyMap<string, readonly Sample[]>;
}

/** What workers' pages of metrics say of speculative decoding over a run, of which only that is kept. */
export class AcceptanceRecorder {
  readonly #looks: Look[] = [];

  /** In the order of their times. */
  add({ time, targets }: Scrape): void {
    const own = [...targets].map(
      ([step, samples]) => [step, samples.filter(({ name }) => NAMES.has(name))] as const,
    );
    this.#looks.push({ time, targets: new Map(own) });
  }

  /** Between two moments, milliseconds since 1970; undefined where nothing was drafted, or no engine tells. */
  between(from: number, until: number): Acceptance | undefined {
    const before = this.#looks.findLast(({ time }) => time <= from) ?? this.#looks[0];
    const after = this.#looks.find(({ time }) => time >= until) ?? this.#looks.at(-1);
    if (before === undefined || after === undefined) return undefined;
    const [then, now] = [seriesOf(before.targets), seriesOf(after.targets)];
    const growth = (name: string | undefined) => (name === undefined ? 0 : growthOf(then, now, name));
    const during = this.#looks.filter(({ time }) => time >= from && time <= until);
    for (const { accepted, drafted, steps, length, rate } of SPECULATION) {
      const [acceptedTokens, draftedTokens, drafts] = [growth(accepted), growth(drafted), growth(steps)];
      const acceptLength = drafts > 0 ? 1 + acceptedTokens / drafts : mean(during, length);
      const acceptRate = draftedTokens > 0 ? acceptedTokens / draftedTokens : mean(during, rate);
      if (acceptLength !== undefined || acceptRate !== undefined)
        return {
          ...(acceptLength !== undefined && { acceptLength }),
          ...(acceptRate !== undefined && { acceptRate }),
        };
    }
    return undefined;
  }
}

/** Of a gauge that is 0 while there is nothing to tell. */
function mean(looks: readonly Look[], name: string | undefined): number | undefined {
  const values = looks.flatMap(({ targets }) =>
    [...targets.values()].flatMap((samples) =>
      samples.flatMap((sample) => (sample.name === name && sample.value > 0 ? [sample.value] : [])),
    ),
  );
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
