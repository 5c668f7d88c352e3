import type { Engine } from '../engine.ts';
import { serverManaged } from '../managed.ts';
import { ports, serverCommand } from './command.ts';
import { trtllm } from './index.ts';
import managed from './managed.json' with { type: 'json' };

/** `trtllm-serve`, which speaks HTTP itself. https://nvidia.github.io/TensorRT-LLM/commands/trtllm-serve/trtllm-serve.html */
export const trtllmServer: Engine = {
  ...trtllm,
  module: () => 'trtllm-serve',
  programs: () => [],
  managed: {
    ...serverManaged(managed),
    'ROLE.args': 'extra-llm-api-options config extra-engine-args',
    'ROLE.tp': 'tp-size tensor-parallel-size',
    'ROLE.pp': 'pp-size pipeline-parallel-size',
    'ROLE.ep': 'ep-size moe-expert-parallel-size expert-parallel-size',
  },
  mode: () => undefined,
  command: serverCommand,
  ports: (worker) => [{ use: 'server', port: worker.ports.system }, ...ports(worker)],
  // `/metrics` gives its iteration statistics, as JSON, to the first who asks.
  metricsPath: '/prometheus/metrics',
  surfaces: {},
  mocked: /^trtllm-serve$/,
  ...(trtllm.memory && { memory: { ...trtllm.memory, flag: '--kv_cache_free_gpu_memory_fraction' } }),
};
