#!/usr/bin/env bash
# decode-0: decode worker 0 on nodes 2 to 5, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind decode-0 2 3 4 5
. "$RUN_DIR/runtime/kernels.sh" || exit 1
keep_kernels "${RUN_DIR%/*}/.kernels/trtllm-1.3.0rc29/gb200/dynamo-trtllm-1.6.1-arm64.sqsh-7916a1c8" /tmp
. "$RUN_DIR"/env/decode-0.env || give_up 'cannot read its environment'
respect_kernels
# Several tasks run on each node.
SEVERAL=1
await_services locked "http://${NODE_IP[0]}:2379" "nats://${NODE_IP[0]}:4222"
# After such a line the command is over, even if it lives on.
FATAL='Rank[0-9]+ Task exit code: [1-9]|Failed to initialize executor'
run \
  numactl -m 0,1 trtllm-llmapi-launch python3 -m dynamo.trtllm \
  --model-path /lustre/models/DeepSeek-R1-0528 \
  --served-model-name deepseek-ai/DeepSeek-R1 \
  --disaggregation-mode decode \
  --extra-engine-args "${RUN_DIR}/steps/engine-decode.yaml" \
  --request-plane tcp \
  --event-plane nats
