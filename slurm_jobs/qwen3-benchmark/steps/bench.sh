#!/usr/bin/env bash
# bench: bench on node 0, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind bench 0
. "$RUN_DIR"/env/bench.env || give_up 'cannot read its environment'
complete \
  bash "${RUN_DIR}/runtime/bench.sh" 3 \
  ::: point 1 16 c16 1800 TERM python3 -m sglang.bench_serving \
  --backend sglang-oai \
  --base-url "http://${NODE_IP[0]}:8000" \
  --model Qwen/Qwen3-32B \
  --tokenizer /models/Qwen3-32B \
  --dataset-name random-ids \
  --random-input-len 8192 \
  --random-output-len 1024 \
  --random-range-ratio 0.8 \
  --num-prompts 80 \
  --max-concurrency 16 \
  --request-rate inf \
  --warmup-requests 16 \
  --seed 1 \
  --disable-tqdm \
  --output-file "${ATTEMPT_DIR}/results/bench/c16/result.jsonl" \
  ::: point 2 64 c64 1800 TERM python3 -m sglang.bench_serving \
  --backend sglang-oai \
  --base-url "http://${NODE_IP[0]}:8000" \
  --model Qwen/Qwen3-32B \
  --tokenizer /models/Qwen3-32B \
  --dataset-name random-ids \
  --random-input-len 8192 \
  --random-output-len 1024 \
  --random-range-ratio 0.8 \
  --num-prompts 320 \
  --max-concurrency 64 \
  --request-rate inf \
  --warmup-requests 64 \
  --seed 2 \
  --disable-tqdm \
  --output-file "${ATTEMPT_DIR}/results/bench/c64/result.jsonl" \
  ::: point 3 256 c256 1800 TERM python3 -m sglang.bench_serving \
  --backend sglang-oai \
  --base-url "http://${NODE_IP[0]}:8000" \
  --model Qwen/Qwen3-32B \
  --tokenizer /models/Qwen3-32B \
  --dataset-name random-ids \
  --random-input-len 8192 \
  --random-output-len 1024 \
  --random-range-ratio 0.8 \
  --num-prompts 1280 \
  --max-concurrency 256 \
  --request-rate inf \
  --warmup-requests 256 \
  --seed 3 \
  --disable-tqdm \
  --output-file "${ATTEMPT_DIR}/results/bench/c256/result.jsonl"
