import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { bundleOf } from '../../../src/cli/runs/submit/bundle.ts';
import { testWorld } from '../../world.ts';
import { report, VALID } from '../config/report.ts';
import { planOf, sampleJob } from './sample-job.ts';

const STORE = {
  metadata_server: 'P2PHANDSHAKE',
  global_segment_size: '100GB',
  enable_offload: false,
  devices: ['a', 'b'],
};
const KV = '{"kv_connector":"MooncakeStoreConnector","kv_role":"kv_both"}';

const plan = planOf(
  sampleJob({
    engine: { type: 'vllm' },
    aggregated: { workers: 2, nodes: 2, args: { 'kv-transfer-config': KV } },
    infra: {
      mooncake: {
        env: { MC_TE_METRIC: '0', TOKEN_OF_IT: { from_env: 'T' } },
        args: { 'default-kv-lease-ttl': 20000, enable_offload: true },
        store: STORE,
      },
    },
  }),
);

test('the master listens at the chosen address of the head node', () => {
  const step = plan.steps.find(({ kind }) => kind === 'mooncake');
  expect(step?.nodes).toEqual([0]);
  expect(step?.argv.map(argText)).toEqual([
    'mooncake_master',
    '--rpc_address=${SELF_IP}',
    '--rpc_port=8700',
    '--enable_http_metadata_server=true',
    '--http_metadata_server_host=${SELF_IP}',
    '--http_metadata_server_port=8701',
    '--metrics_port=8702',
    '--default_kv_lease_ttl=20000',
    '--enable_offload=true',
  ]);
  expect(step?.ports).toEqual([{ port: 8700, count: 3, use: 'mooncake', address: 'all', guard: 'none' }]);
});

test('workers get its address, and their part of the store', () => {
  const step = plan.steps.find(({ name }) => name === 'aggregated-1');
  const own = Object.entries(step?.env ?? {}).filter(([name]) => /^(MOONCAKE|MC)_/.test(name));
  expect(own.map(([name, value]) => [name, argText(value)])).toEqual([
    ['MC_TE_METRIC', '0'],
    ['MOONCAKE_MASTER', '${NODE_IP[0]}:8700'],
    ['MOONCAKE_TE_META_DATA_SERVER', 'http://${NODE_IP[0]}:8701/metadata'],
    ['MOONCAKE_CONFIG_PATH', '${ATTEMPT_DIR}/state/aggregated-1.${NODE_RANK}.mooncake.json'],
  ]);
  expect(step?.secrets).toEqual({ TOKEN_OF_IT: { from_env: 'T' } });
});

test("the bundle has the clients' file, which each worker fills in before it waits for the master", async () => {
  const { files } = await bundleOf({ text: '' }, plan, testWorld());
  expect(JSON.parse(files.get('mooncake.json')?.text ?? '')).toEqual({
    ...STORE,
    master_server_address: '${NODE_IP[0]}:8700',
  });
  expect(files.get('steps/aggregated-1.sh')?.text).toContain(
    `fill mooncake.json "\${ATTEMPT_DIR}/state/aggregated-1.\${NODE_RANK}.mooncake.json"
await_port "\${NODE_IP[0]}:8700"
`,
  );
  expect(files.get('job.sbatch')?.text).toContain('await_service mooncake port_answers "${NODE_IP[0]}:8700"');
});

test('SGLang reads the environment alone, and nothing is started unless it is asked for', () => {
  const sections = { aggregated: { nodes: 1, args: { 'hicache-storage-backend': 'mooncake' } } };
  const { steps, mooncake } = planOf(sampleJob({ ...sections, infra: { mooncake: {} } }));
  expect(mooncake).toBeUndefined();
  expect(Object.keys(steps.find(({ kind }) => kind === 'worker')?.env ?? {})).not.toContain(
    'MOONCAKE_CONFIG_PATH',
  );
  expect(planOf(sampleJob(sections)).steps.map(({ kind }) => kind)).not.toContain('mooncake');
});

test.each([
  ['{args: {rpc_port: 1}}', 'infra.mooncake.args.rpc_port: is set by dyn-slurm itself'],
  ['{}', 'warning: infra.mooncake: starts a Mooncake master that no worker uses'],
  ['{stroe: {}}', 'did you mean "store"?'],
  ['{env: {HF_TOKEN: abc}}', 'infra.mooncake.env.HF_TOKEN: looks like a secret'],
])('%s', (mooncake, message) => {
  expect(report(`${VALID}infra: {mooncake: ${mooncake}}\n`)).toContain(message);
});
