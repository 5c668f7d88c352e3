import { engineData } from '../../config/compat/engine-data.ts';
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

/** Images of the engines alone, whose tags are their releases: `lmsysorg/sglang:v0.5.8-cu130`, `vllm/vllm-openai:v0.19.0`. */
const OWN_IMAGE: Readonly<Record<EngineName, RegExp | undefined>> = {
  sglang: /(?:^|[/#+])sglang[:+]v?(\d+\.\d+\.\d+(?:\.post\d+|rc\d+)?)(?=$|[-_.])/,
  vllm: /(?:^|[/#+])vllm(?:-openai)?[:+]v?(\d+\.\d+\.\d+(?:\.post\d+|rc\d+)?)(?=$|[-_.])/,
  trtllm: /(?:^|[/#+])(?:tensorrt-llm\/)?release[:+]v?(\d+\.\d+\.\d+(?:rc\d+)?(?:\.post\d+)?)(?=$|[-_.])/,
  mocker: undefined,
};

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
    const tag = OWN_IMAGE[engine]?.exec(value)?.[1];
    if (tag !== undefined) return { value: tag, entry };
  }
  return undefined;
}
