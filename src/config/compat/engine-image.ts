import type { EngineType } from '../schema/sections.ts';

/** Images of the engines alone, whose tags are their releases: `lmsysorg/sglang:v0.5.8-cu130`, `vllm/vllm-openai:v0.19.0`. */
const OWN_IMAGES: Readonly<Record<EngineType, RegExp | undefined>> = {
  sglang: /(?:^|[/#+])sglang[:+]v?(\d+\.\d+\.\d+(?:\.post\d+|rc\d+)?)(?=$|[-_.])/,
  vllm: /(?:^|[/#+])vllm(?:-openai)?[:+]v?(\d+\.\d+\.\d+(?:\.post\d+|rc\d+)?)(?=$|[-_.])/,
  trtllm: /(?:^|[/#+])(?:tensorrt-llm\/)?release[:+]v?(\d+\.\d+\.\d+(?:rc\d+)?(?:\.post\d+)?)(?=$|[-_.])/,
  mocker: undefined,
};

/** The engine's release by the tag of its own image; undefined for other images. */
export function releaseInImage(engine: EngineType, image: string): string | undefined {
  return OWN_IMAGES[engine]?.exec(image)?.[1];
}
