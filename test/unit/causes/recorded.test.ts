import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GRADE, judge } from '../../../src/causes/judge.ts';
import { adviceOn } from '../../../src/observe/advice.ts';
import { packageRoot } from '../../world.ts';
import { RunFolder } from '../render/run-folder.ts';

/** What SGLang 0.5.21 under Dynamo 1.6.1 wrote on an H200, and why it ended. */
const RECORDED = [
  {
    log: 'memory-held/logs/aggregated-0',
    signature: 'gpu-occupied',
    line: /ERROR context\.enable_breakable_cuda_graph: OutOfMemoryError: CUDA out of memory\. Tried to allocate 64\.00 MiB\. GPU 0 has a total capacity of 139\.80 GiB of which 24\.75 MiB is free\. Process 31096 has 136\.79 GiB memory in use\./,
    advice:
      "process 31096 holds 136.79 GiB of the GPU's memory: `nvidia-smi` on the node shows whose process it is: ",
  },
  {
    log: 'no-kv-memory/logs/decode-0',
    signature: 'kv-cache-memory',
    line: /^ValueError: Loaded weights leave no GPU memory for the KV cache under --mem-fraction-static=0\.3\. Raise --mem-fraction-static above 0\.307 /,
    advice: 'raise mem-fraction-static above 0.307 (vLLM: gpu-memory-utilization) in the role',
  },
  {
    log: 'no-kv-memory-aggregated/logs/aggregated-0',
    signature: 'kv-cache-memory',
    line: /^ValueError: Loaded weights leave no GPU memory for the KV cache under --mem-fraction-static=0\.004\. Raise --mem-fraction-static above 0\.008 /,
    advice: 'raise mem-fraction-static above 0.008 (vLLM: gpu-memory-utilization) in the role',
  },
  {
    log: 'out-of-memory/logs/aggregated-0',
    signature: 'cuda-out-of-memory',
    line: /^torch\.OutOfMemoryError: CUDA out of memory\. Tried to allocate 2\.47 GiB\. GPU 0 has a total capacity of 139\.80 GiB of which 2\.31 GiB is free\./,
    advice: 'lower mem-fraction-static (vLLM: gpu-memory-utilization',
  },
  {
    log: 'scheduler-killed/logs/aggregated-0',
    signature: 'child-killed',
    line: /ERROR watchdog\._check_processes: Subprocess scheduler_0 \(pid=3470\) crashed with exit code -9\. Triggering SIGQUIT for cleanup\.\.\.$/,
    advice:
      "a process outside of the engine ended it: a person, another job's epilog or a cleaning script of the site",
  },
  {
    log: 'bad-flag/logs/aggregated-0',
    signature: 'bad-argument',
    line: /^__main__\.py: error: unrecognized arguments: --no-such-flag 7$/,
    advice: 'this release does not know the argument',
  },
  {
    log: 'no-model/logs/aggregated-0',
    signature: 'hub-missing',
    line: /^Exception: Model snapshots for '\/models\/there-is-no-model' not found in cache$/,
    advice: 'model.path must be a folder that is visible from the nodes',
  },
] as const;

const textOf = (log: string) =>
  readFileSync(join(packageRoot, `test/recorded/h200/${log}.node0.log`), 'utf8');

test.each(RECORDED)('$log ends with its cause and what to do', ({ log, signature, line, advice }) => {
  const found = judge(textOf(log));
  expect(found).toMatchObject({ signature: { name: signature }, line: expect.stringMatching(line) });
  const told = found?.signature && adviceOn(found.signature, found.line, 'node0');
  expect(told).toContain(advice);
  expect(told).not.toMatch(/kernel|dmesg|OOM/);
});

test.each([
  'aggregated/logs/aggregated-0',
  'moe/logs/aggregated-0',
  'disaggregated/logs/prefill-0',
  'disaggregated/logs/decode-0',
  'disaggregated-shares/logs/prefill-0',
  'disaggregated-shares/logs/decode-0',
  'kv-routing/logs/aggregated-0',
  'kv-routing/logs/aggregated-1',
])('%s, of a worker that served, has none', (log) => {
  const grade = judge(textOf(log))?.grade ?? GRADE.rest;
  expect(grade).toBeLessThanOrEqual(GRADE.symptom);
});

let run: RunFolder;
beforeAll(() => {
  run = new RunFolder();
});
afterAll(() => run.dispose());

test('the bash of the nodes says the same', async () => {
  const logs = RECORDED.map(({ log }) => textOf(log));
  for (const [index, log] of logs.entries()) run.file(`logs/${index}.log`, log);
  const { out } = await run.inTask(
    `for ((i = 0; i < ${logs.length}; i++)); do judge_log "${run.dir}/logs/$i.log"; printf '%s|%s\\n' "$CAUSE_GRADE" "$CAUSE_LINE"; done`,
  );
  const here = logs.map((log) => judge(log));
  expect(out.split('\n').slice(0, -1)).toEqual(here.map((found) => `${found?.grade}|${found?.line}`));
});
