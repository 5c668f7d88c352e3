import { engineData } from '../../config/compat/engine-data.ts';
import { releaseInImage } from '../../config/compat/engine-image.ts';
import { compareReleases } from '../../config/compat/release.ts';
import type { Found, Keys } from '../keys.ts';
import type { EngineName } from './recipe.ts';

/** The release of Dynamo that was made with that release of an engine, or with the next one; the newest after all of them. */
export function pinnedFor(engine: Exclude<EngineName, 'mocker'>, release: string): string | undefined {
  const { releases, pins } = engineData();
  return (
    releases.dynamo.find((one) => compareReleases(pins[one]?.[engine] ?? '', release) >= 0) ??
    releases.dynamo.at(-1)
  );
}

const FRAMEWORKS = { sglang: 'sglang', vllm: 'vllm', trtllm: 'tensorrt_llm', mocker: 'mocker' } as const;

/** The engine's release: the one that the recipe expects (`identity.frameworks`), or that of the engine's own image. */
export function releaseOfEngine(
  engine: EngineName,
  frameworks: Keys,
  images: readonly Found<string>[],
): Found<string> | undefined {
  const named = frameworks.text(FRAMEWORKS[engine]);
  const [, plain] = /^v?(\d+\.\d+\.\d+(?:\.post\d+|rc\d+)?)$/.exec(named?.value ?? '') ?? [];
  if (named && plain !== undefined) return { value: plain, entry: named.entry };
  for (const { value, entry } of images) {
    const tag = releaseInImage(engine, value);
    if (tag !== undefined) return { value: tag, entry };
  }
  return undefined;
}
