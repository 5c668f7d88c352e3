import { expect, test } from 'vitest';
import { logs } from '../../../../src/cli/commands/logs/logs.ts';
import { addRun, site } from '../run-folder.ts';

test('logs of a run that failed end with the line that says why, and the next step', async () => {
  const { world, root, err } = await site();
  const line = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB';
  const text = `${line}\nReceived sigquit from a child process. It usually means the child failed.\n`;
  await addRun(root, {
    id: 'r1-0a1b2c',
    jobId: '4242',
    events: 'failed-at-start',
    logs: { 'logs/decode-0.node3.log': text },
  });
  expect(await logs('r1-0a1b2c', 'decode-0', {}, world)).toBe(0);
  expect(err()).toBe(
    `\ncause  decode-0: ${line}\nnext   lower mem-fraction-static (vLLM: gpu-memory-utilization, TensorRT-LLM: free_gpu_memory_fraction), chunked-prefill-size or cuda-graph-max-bs in the role's args, or give the worker more GPUs\n`,
  );
});
