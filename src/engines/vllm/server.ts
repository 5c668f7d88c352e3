import type { Engine } from '../engine.ts';
import { serverManaged } from '../managed.ts';
import { ports, serverCommand } from './command.ts';
import { vllm } from './index.ts';
import managed from './managed.json' with { type: 'json' };

/** `vllm serve`, which speaks HTTP itself. https://docs.vllm.ai/en/latest/cli/serve/ */
export const vllmServer: Engine = {
  ...vllm,
  module: () => 'vllm',
  programs: (_, { vllm: release }) => [
    { name: 'vllm.serve', release },
    { name: 'vllm', release },
  ],
  managed: serverManaged(managed),
  mode: () => undefined,
  command: serverCommand,
  ports: (worker, argv) => [{ use: 'server', port: worker.ports.system }, ...ports(worker, argv)],
  surfaces: {
    runner: { pooling: 'embeddings' },
    task: { embed: 'embeddings', embedding: 'embeddings', classify: 'classify', score: 'rerank' },
  },
  mocked: /^vllm$/,
};
