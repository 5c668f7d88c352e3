#!/usr/bin/env bash
# decode-0: decode worker 0 on nodes 4 to 11, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind decode-0 4 5 6 7 8 9 10 11
. "$RUN_DIR/runtime/kernels.sh" || exit 1
keep_kernels "${RUN_DIR%/*}/.kernels/vllm-0.31.0/gb200/dynamo-vllm-1.6.1-arm64.sqsh-f3f15670" /tmp
. "$RUN_DIR"/env/decode-0.env || give_up 'cannot read its environment'
respect_kernels
await_services locked "http://${NODE_IP[0]}:2379" "nats://${NODE_IP[0]}:4222"
# What only this rank is told.
case $NODE_RANK in
  0) OWN=(--data-parallel-start-rank 0) ;;
  1) OWN=(--data-parallel-start-rank 4) ;;
  2) OWN=(--data-parallel-start-rank 8) ;;
  3) OWN=(--data-parallel-start-rank 12) ;;
  4) OWN=(--data-parallel-start-rank 16) ;;
  5) OWN=(--data-parallel-start-rank 20) ;;
  6) OWN=(--data-parallel-start-rank 24) ;;
  7) OWN=(--data-parallel-start-rank 28) ;;
esac
run \
  python3 -m dynamo.vllm \
  --model /lustre/models/DeepSeek-R1-0528 \
  --served-model-name deepseek-ai/DeepSeek-R1 \
  --disaggregation-mode decode \
  --data-parallel-size 32 \
  --data-parallel-size-local 4 \
  --data-parallel-address "${NODE_IP[4]}" \
  --data-parallel-rpc-port 29508 \
  --data-parallel-hybrid-lb \
  --tensor-parallel-size 1 \
  --kv-transfer-config '{"kv_connector":"NixlConnector","kv_role":"kv_both"}' \
  --request-plane tcp \
  --event-plane nats \
  --enable-expert-parallel \
  --max-model-len 10240 \
  --gpu-memory-utilization 0.9 \
  --no-enable-prefix-caching \
  "${OWN[@]}"
