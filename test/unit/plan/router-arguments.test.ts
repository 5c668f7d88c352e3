import { expect, test } from 'vitest';
import { planJob } from '../../../src/plan/assemble.ts';
import { sampleJob } from './sample-job.ts';

type Sections = Parameters<typeof sampleJob>[0];

const ROLES = { prefill: { gpus_per_worker: 4, tp: 4 }, decode: { gpus_per_worker: 4, tp: 4 } };

/** What is said of arguments of a frontend, as `NAME: MESSAGE [HINT]`. */
function said(engine: object, frontend: object, roles: Sections = ROLES): readonly string[] {
  const job = sampleJob({ engine, frontend, ...roles } as Sections, { gpus_per_node: 8 });
  return planJob(job)
    .problems.filter(({ path }) => path[0] === 'frontend' && path[1] === 'args')
    .map(
      ({ path, message, hint }) => `${path.slice(2).join('.')}: ${message}${hint ? ` [${hint.trim()}]` : ''}`,
    );
}

test('SGLang’s router: a made-up and a misspelt argument, beginnings of names, and values that it refuses', () => {
  const args = {
    'foo-bar': 1,
    cache_treshold: 0.5,
    // Of earlier releases; now it is the beginning of `eviction-interval-secs`.
    'eviction-interval': 60,
    policy: 'bucket',
    'dp-aware': 3,
    pro: 1,
    'prometheus-p': 1,
    'health-check-interval-secs': 5,
  };
  expect(said({ type: 'sglang', version: '0.5.21' }, { type: 'sglang-router', args })).toEqual([
    "foo-bar: SGLang's router 0.3.2 has no argument --foo-bar [remove it]",
    'cache_treshold: SGLang\'s router 0.3.2 has no argument --cache-treshold; did you mean "cache-threshold"?',
    'policy: SGLang\'s router 0.3.2 refuses it: --policy takes random, round_robin, cache_aware, power_of_two or manual, not "bucket"',
    'dp-aware: SGLang\'s router 0.3.2 refuses it: --dp-aware takes no value, not "3" [write true, or leave it out]',
    'pro: --pro is ambiguous: it may mean --prometheus-duration-buckets or --prometheus-host or --prometheus-port [write the name in full]',
    'prometheus-p: --prometheus-p is short for --prometheus-port, which is set by dyn-slurm [remove it here]',
  ]);
});

test('the release of SGLang in the image tells that of its router', () => {
  const frontend = { type: 'sglang-router', args: { 'health-check-interval-secs': 5 } };
  const added = "it was added in SGLang's router 0.2.0";
  expect(said({ type: 'sglang', version: '0.5.2' }, frontend)).toEqual([
    `health-check-interval-secs: SGLang's router 0.1.9 has no argument --health-check-interval-secs yet [${added}]`,
  ]);
  expect(said({ type: 'sglang', version: '0.5.4' }, frontend)).toEqual([]);
  // Without it, Dynamo's release tells SGLang's.
  expect(said({ type: 'sglang' }, frontend, { ...ROLES, dynamo: { version: '0.5.1' } })).toEqual([
    `health-check-interval-secs: SGLang's router 0.1.9 has no argument --health-check-interval-secs yet [${added}; set engine.version to the release in the image]`,
  ]);
});

test('vLLM’s router', () => {
  const args = { 'foo-bar': 1, 'kv-conector': 'nixl', 'tokenizer-path': '/t', 'kv-connector': 'lmcache' };
  expect(said({ type: 'vllm' }, { type: 'vllm-router', args })).toEqual([
    "foo-bar: vLLM's router 0.1.17 has no argument --foo-bar [remove it]",
    'kv-conector: vLLM\'s router 0.1.17 has no argument --kv-conector; did you mean "kv-connector"?',
    "tokenizer-path: vLLM's router 0.1.17 no longer has the argument --tokenizer-path [vLLM's router 0.1.14 was the last to accept it; remove it]",
    'kv-connector: vLLM\'s router 0.1.17 refuses it: --kv-connector takes nixl, mooncake or moriio, not "lmcache"',
  ]);
});

test('TensorRT-LLM’s orchestrator, whose arguments are keys of a file and options', () => {
  const args = {
    foo_bar: 1,
    'max-retrys': 2,
    'schedule-style': 'decode_first',
    conditional_disagg_config: { max_local_prefil_length: 100 },
    context_servers: { router: { type: 'kv_cache_aware' } },
    'generation-servers': { urls: ['x'] },
    'request-timeout': 3600,
    'metrics-log-interval': 10,
    hostname: 'h',
  };
  expect(said({ type: 'trtllm', version: '1.3.0rc29' }, { type: 'trtllm-serve', args })).toEqual([
    'generation-servers.urls: is set by dyn-slurm, from the workers of the job [remove it here]',
    'hostname: hostname is set by dyn-slurm, from the address of its node [remove it here]',
    'foo_bar: the orchestrator of TensorRT-LLM 1.3.0rc29 has no key "foo_bar"',
    'max-retrys: the orchestrator of TensorRT-LLM 1.3.0rc29 has no key "max_retrys"; did you mean "max_retries"?',
    'schedule-style: the orchestrator of TensorRT-LLM 1.3.0rc29 refuses it: schedule_style takes context_first or generation_first, not "decode_first"',
    'conditional_disagg_config.max_local_prefil_length: the orchestrator of TensorRT-LLM 1.3.0rc29 has no key "max_local_prefil_length" in conditional_disagg_config; did you mean "max_local_prefill_length"?',
  ]);
});

test('Dynamo’s frontend', () => {
  const args = { 'foo-bar': 1, 'router-tempereture': 1, 'kv-overlap-score-weigth': 1 };
  expect(
    said({ type: 'sglang' }, { type: 'dynamo', args }).map((line) => line.replace(/\d+\.\d+\.\d+/, 'N')),
  ).toEqual([
    'foo-bar: the frontend of Dynamo N has no argument --foo-bar [remove it, or name the releases in the image: dynamo.version]',
    'router-tempereture: the frontend of Dynamo N has no argument --router-tempereture; did you mean "router-temperature"?',
    'kv-overlap-score-weigth: the frontend of Dynamo N has no argument --kv-overlap-score-weigth; did you mean "kv-overlap-score-weight"?',
  ]);
});
