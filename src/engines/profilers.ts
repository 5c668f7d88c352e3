/** How an engine's own profiler is told what to do, under Dynamo. */
export type Profiler =
  /** By the request: where traces go, and after how many forward passes it stops by itself. */
  | { readonly kind: 'told' }
  /** Where traces go is said when the engine starts; it records until it is stopped. */
  | { readonly kind: 'launched'; readonly folder: string }
  /** It cannot be used. */
  | { readonly kind: 'none'; readonly reason: string; readonly hint: string };

interface Launch {
  /** The worker's command. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The torch profiler of a worker, by its launch. Engines that no entry is for are asked, and refuse for themselves. */
export function profilerOf({ argv, env }: Launch): Profiler {
  const module = argv[argv.indexOf('-m') + 1] ?? '';
  return BY_MODULE.find(([name]) => name.test(module))?.[1]({ argv, env }) ?? { kind: 'told' };
}

const BY_MODULE: readonly (readonly [RegExp, (launch: Launch) => Profiler])[] = [
  [/^dynamo\.vllm/, vllm],
  [
    /^(dynamo\.)?(trtllm|tensorrt_llm)/,
    () => ({
      kind: 'none',
      reason: 'TensorRT-LLM cannot be told to profile while it serves',
      hint: 'it profiles a range of iterations from its start on: TLLM_PROFILE_START_STOP=100-150 and TLLM_TORCH_PROFILE_TRACE=FILE in the env of the role, or `profile: {tool: nsys}`',
    }),
  ],
];

/** `VLLM_TORCH_PROFILER_DIR`, which vLLM 0.13 replaced by `--profiler-config`. */
function vllm({ argv, env }: Launch): Profiler {
  const config = argv[argv.indexOf('--profiler-config') + 1] ?? '';
  const [, inConfig] = /"torch_profiler_dir":\s*"([^"]+)"/.exec(config) ?? [];
  const folder = inConfig ?? env.VLLM_TORCH_PROFILER_DIR;
  if (folder !== undefined) return { kind: 'launched', folder };
  return {
    kind: 'none',
    reason: 'vLLM was started without a folder for traces, and has no profiler then',
    hint: 'set VLLM_TORCH_PROFILER_DIR in the env of the role, or from vLLM 0.13 on `profiler-config: {"profiler": "torch", "torch_profiler_dir": FOLDER}` in its args, to a folder that the nodes and this machine see, and submit again',
  };
}
