import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';

const RECIPES = join(import.meta.dirname, '../fixtures/rehearsed-recipes');

const stage = new Stage();
const configs = join(stage.runs, 'imported');
beforeAll(async () => {
  const { code, stderr } = await stage.run('import', RECIPES, '--out', configs);
  expect({ code, stderr }).toMatchObject({ code: 0 });
});
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

interface Said {
  readonly kind: string;
  readonly step?: string;
  readonly tokens?: number;
  readonly outcome?: string;
}

/** A recipe or one of its variants, and what its rehearsal starts. */
const recipes: readonly [config: string, engine: string, nodes: number, steps: string][] = [
  ['sglang-disagg', 'sglang', 2, 'prefill-0 decode-0 frontend-0'],
  ['sglang-variants[mtp]', 'sglang', 2, 'prefill-0 decode-0 decode-1 frontend-0'],
  ['sglang-v2', 'sglang', 1, 'aggregated-0 aggregated-1 frontend-0'],
  ['vllm-agg', 'vllm', 2, 'aggregated-0 frontend-0'],
  ['vllm-disagg', 'vllm', 4, 'prefill-0 decode-0 frontend-0 frontend-1 nginx'],
  ['vllm-older', 'vllm', 2, 'prefill-0 prefill-1 decode-0 frontend-0'],
  ['vllm-v2', 'vllm', 3, 'prefill-0 prefill-1 decode-0 frontend-0'],
  ['trtllm-disagg', 'trtllm', 3, 'prefill-0 decode-0 frontend-0'],
  ['trtllm-v2', 'trtllm', 2, 'prefill-0 prefill-1 decode-0 frontend-0'],
  ['sglang-wide', 'sglang', 18, `${many('prefill', 4)} decode-0 ${many('frontend', 10)} nginx`],
];

test.each(recipes)('%s of %s on %i nodes completes a chat', async (config, engine, nodes, steps) => {
  const before = readdirSync(stage.runs);
  const { code, stdout, stderr } = await stage.run('rehearse', fileOf(config), '--json');
  const events = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Said]));
  const kinds = (kind: string) => events.filter((event) => event.kind === kind);
  expect({ code, stderr, chat: kinds('chat').map(({ tokens }) => tokens) }).toMatchObject({
    code: 0,
    chat: [48],
  });
  const [run = ''] = readdirSync(stage.runs)
    .filter((folder) => !before.includes(folder))
    .map((folder) => join(stage.runs, folder));
  const plan = JSON.parse(readFileSync(join(run, 'plan.json'), 'utf8'));
  expect(plan.nodes).toHaveLength(nodes);
  const started = kinds('step-started').map(({ step = '' }) => step);
  expect(started.filter((step) => /^(prefill|decode|aggregated|frontend|nginx)/.test(step)).sort()).toEqual(
    steps.split(' ').sort(),
  );
  // The engine's own name is that of the recipe's.
  const log = readdirSync(join(run, 'logs')).find((file) => /^(decode|aggregated)-0\./.test(file)) ?? '';
  expect(readFileSync(join(run, 'logs', log), 'utf8')).toMatch(`rehearsal: dynamo.${engine} stands in as`);
});

test("what the rehearsal's own Dynamo does not know of an older release is said", async () => {
  const { code, stdout } = await stage.run('rehearse', fileOf('vllm-older'));
  expect(stdout).toContain('\nnot tested  mock engines ignored --kv-transfer-config --router-reset-states\n');
  expect(code).toBe(0);
});

function many(step: string, count: number): string {
  return Array.from({ length: count }, (_, index) => `${step}-${index}`).join(' ');
}

/** With the variant that is selected. */
function fileOf(config: string): string {
  const [name = '', variant = ''] = config.split('[');
  return `${join(configs, `${name}.yaml`)}${variant && `[${variant}`}`;
}
