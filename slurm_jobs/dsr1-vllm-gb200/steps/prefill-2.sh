#!/usr/bin/env bash
# prefill-2: prefill worker 2 on node 2, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind prefill-2 2
. "$RUN_DIR/runtime/kernels.sh" || exit 1
keep_kernels "${RUN_DIR%/*}/.kernels/vllm-0.31.0/gb200/dynamo-vllm-1.6.1-arm64.sqsh-f3f15670" /tmp
. "$RUN_DIR"/env/prefill-2.env || give_up 'cannot read its environment'
respect_kernels
await_services locked "http://${NODE_IP[0]}:2379" "nats://${NODE_IP[0]}:4222"
run \
  python3 -m dynamo.vllm \
  --model /lustre/models/DeepSeek-R1-0528 \
  --served-model-name deepseek-ai/DeepSeek-R1 \
  --disaggregation-mode prefill \
  --data-parallel-size 4 \
  --data-parallel-size-local 4 \
  --data-parallel-address "${NODE_IP[2]}" \
  --data-parallel-rpc-port 29508 \
  --data-parallel-hybrid-lb \
  --data-parallel-start-rank 0 \
  --tensor-parallel-size 1 \
  --kv-transfer-config '{"kv_connector":"NixlConnector","kv_role":"kv_both"}' \
  --request-plane tcp \
  --event-plane nats \
  --enable-expert-parallel \
  --max-model-len 10240 \
  --gpu-memory-utilization 0.9 \
  --no-enable-prefix-caching
