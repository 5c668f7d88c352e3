import type { Dialect, EngineLine, EngineMetrics } from './dialect.ts';
import { readSetupLine, SETUP_WORDS } from './setup-line.ts';
import { sglangDialect } from './sglang/dialect.ts';
import { trtllmDialect } from './trtllm/dialect.ts';
import { vllmDialect } from './vllm/dialect.ts';

const DIALECTS: readonly Dialect[] = [sglangDialect, vllmDialect, trtllmDialect];

/** One of these words is in every line that `readEngineLine` knows. */
export const ENGINE_WORDS: readonly string[] = [...SETUP_WORDS, ...DIALECTS.flatMap(({ words }) => words)];

/** What a line of a worker's log tells, in whichever engine's words, or in those of its setup. */
export function readEngineLine(line: string): EngineLine | undefined {
  const setup = readSetupLine(line);
  if (setup) return setup;
  for (const { read } of DIALECTS) {
    const said = read(line);
    if (said) return said;
  }
  return undefined;
}

/** The engine and its release, `SGLang 0.5.21`, where an image is the engine's own. */
export function engineInImage(reference: string): string | undefined {
  for (const { title, image } of DIALECTS) {
    const release = image.exec(reference)?.[1];
    if (release !== undefined) return `${title} ${release}`;
  }
  return undefined;
}

/** What the engines call their series; no two share a name. */
export const METRICS: readonly EngineMetrics[] = DIALECTS.flatMap(({ metrics }) => metrics ?? []);

/** All names of series that tell of an engine's load. */
export const ENGINE_SERIES: ReadonlySet<string> = new Set(
  METRICS.flatMap(
    ({ running, queued, kvUsage, requests, inputTokens, outputTokens, outputRate, speculation }) => [
      ...[running, ...queued, ...kvUsage, requests, ...(outputRate === undefined ? [] : [outputRate])],
      ...Object.values(speculation ?? {}),
      ...[...inputTokens, ...outputTokens].flatMap(({ names }) => names),
    ],
  ),
);
