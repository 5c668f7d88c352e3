import { expect, test } from 'vitest';
import { AcceptanceRecorder } from '../../../../src/observe/service/acceptance.ts';
import { parseExposition } from '../../../../src/observe/service/exposition.ts';

/** Pages by the second: of each step its lines. */
function recorded(looks: Readonly<Record<number, Readonly<Record<string, string>>>>): AcceptanceRecorder {
  const recorder = new AcceptanceRecorder();
  for (const [second, pages] of Object.entries(looks)) {
    const targets = Object.entries(pages).map(([step, page]) => [step, parseExposition(page)] as const);
    recorder.add({ time: Number(second) * 1000, targets: new Map(targets) });
  }
  return recorder;
}

const vllm = (engine: number, drafts: number, drafted: number, accepted: number) =>
  `vllm:spec_decode_num_drafts_total{engine="${engine}",model_name="m"} ${drafts}
vllm:spec_decode_num_draft_tokens_total{engine="${engine}",model_name="m"} ${drafted}
vllm:spec_decode_num_accepted_tokens_total{engine="${engine}",model_name="m"} ${accepted}
vllm:spec_decode_num_accepted_tokens_per_pos_total{engine="${engine}",position="0"} 1
vllm:generation_tokens_total{engine="${engine}"} 999
`;

test('vLLM counts drafts: those of all ranks and workers between the looks around a measurement', () => {
  const page = (drafts: number, drafted: number, accepted: number) =>
    `${vllm(0, drafts, drafted, accepted)}${vllm(1, drafts, drafted, accepted)}`;
  const recorder = recorded({
    0: {
      'decode-0': page(0, 0, 0),
      'decode-1': vllm(0, 50, 150, 20),
      'prefill-0': 'vllm:num_requests_running 1\n',
    },
    10: { 'decode-0': page(100, 300, 200), 'decode-1': vllm(0, 50, 150, 20) },
    20: { 'decode-0': page(200, 600, 350), 'decode-1': vllm(0, 250, 750, 220) },
    30: { 'decode-0': page(900, 2700, 350), 'decode-1': vllm(0, 250, 750, 220) },
  });
  // From 10 s to 20 s: 100, 100 and 200 drafts, 150 + 150 + 200 of 1200 tokens.
  expect(recorder.between(11_000, 19_000)).toEqual({ acceptLength: 2.25, acceptRate: 500 / 1200 });
  expect(recorder.between(0, 10_000)).toEqual({ acceptLength: 3, acceptRate: 2 / 3 });
  // Beyond the last look what there is counts.
  expect(recorder.between(25_000, 60_000)).toEqual({ acceptLength: 1, acceptRate: 0 });
});

test('a worker that was restarted has counted anew', () => {
  const recorder = recorded({
    0: { 'decode-0': vllm(0, 1000, 1000, 1000) },
    10: { 'decode-0': vllm(0, 10, 20, 5) },
  });
  expect(recorder.between(0, 10_000)).toEqual({ acceptLength: 1.5, acceptRate: 0.25 });
});

test('SGLang has gauges, which are 0 while nothing is drafted', () => {
  const page = (length: number, rate: number) =>
    `sglang:spec_accept_length{tp_rank="0"} ${length}\nsglang:spec_accept_rate{tp_rank="0"} ${rate}\n`;
  const recorder = recorded({
    0: { 'decode-0': page(0, 0), 'prefill-0': page(0, 0) },
    10: { 'decode-0': page(2.5, 0.75), 'prefill-0': page(0, 0) },
    20: { 'decode-0': page(3.5, 0.25), 'prefill-0': page(0, 0) },
    30: { 'decode-0': page(9, 1), 'prefill-0': page(0, 0) },
  });
  expect(recorder.between(5000, 25_000)).toEqual({ acceptLength: 3, acceptRate: 0.5 });
  expect(recorder.between(0, 5000)).toBeUndefined();
});

test('TensorRT-LLM has a gauge of the length, and counts tokens', () => {
  const page = (length: number, drafted: number, accepted: number) =>
    `trtllm_spec_decode_acceptance_length{model_name="m"} ${length}
trtllm_spec_decode_num_draft_tokens_total{model_name="m"} ${drafted}
trtllm_spec_decode_num_accepted_tokens_total{model_name="m"} ${accepted}
`;
  const recorder = recorded({
    0: { 'decode-0': page(2, 100, 50) },
    10: { 'decode-0': page(2.5, 200, 150) },
  });
  expect(recorder.between(0, 10_000)).toEqual({ acceptLength: 2.25, acceptRate: 1 });
});

test.each([
  ['no look', {}],
  ['no engine that tells', { 0: { 'decode-0': 'vllm:num_requests_running 1\n' }, 10: { 'decode-0': '' } }],
  ['nothing drafted', { 0: { 'decode-0': vllm(0, 5, 5, 5) }, 10: { 'decode-0': vllm(0, 5, 5, 5) } }],
])('nothing is known of %s', (_, looks) => {
  expect(recorded(looks).between(0, 10_000)).toBeUndefined();
});
