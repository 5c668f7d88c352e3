import type { Engine } from '../engine.ts';
import { serverManaged } from '../managed.ts';
import { ports, SERVER, serverCommand } from './command.ts';
import { sglang } from './index.ts';
import managed from './managed.json' with { type: 'json' };

/** `sglang.launch_server`, which speaks HTTP itself. https://docs.sglang.io/advanced_features/server_arguments.html */
export const sglangServer: Engine = {
  ...sglang,
  module: () => SERVER,
  programs: ({ module = SERVER }, { sglang: release }) =>
    module === SERVER ? [{ name: 'sglang', release }] : [],
  managed: serverManaged(managed),
  mode: (role) => (role === 'prefill' || role === 'decode' ? role : undefined),
  command: serverCommand,
  ports: (worker, argv, job) => [{ use: 'server', port: worker.ports.system }, ...ports(worker, argv, job)],
  instances: () => 1,
  surfaces: { 'is-embedding': 'embeddings' },
  mocked: /^sglang\.launch_server$/,
};
