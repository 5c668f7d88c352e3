#!/usr/bin/env bash
# prefill-1: prefill worker 1 on node 0, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind prefill-1 0
. "$RUN_DIR/runtime/kernels.sh" || exit 1
keep_kernels "${RUN_DIR%/*}/.kernels/sglang-0.5.21/h100/sglang-runtime-1.6.1-c72a4f86" /tmp
. "$RUN_DIR"/env/prefill-1.env || give_up 'cannot read its environment'
respect_kernels
await_services locked "http://${NODE_IP[0]}:2379" "nats://${NODE_IP[0]}:4222"
# After such a line the command is over, even if it lives on.
FATAL='^[^"'\'']{0,120}(Subprocess [a-z_0-9]+ \(pid=[0-9]+\) crashed with exit code|SIGQUIT received[.] signum=|Received sigquit from a child proces)'
run \
  python3 -m dynamo.sglang \
  --model-path /models/Qwen3-32B \
  --served-model-name Qwen/Qwen3-32B \
  --disaggregation-mode prefill \
  --disaggregation-bootstrap-port 30002 \
  --dist-init-addr "${NODE_IP[0]}:29520" \
  --nnodes 1 \
  --node-rank 0 \
  --tp-size 2 \
  --host "${SELF_IP}" \
  --request-plane tcp \
  --event-plane nats \
  --page-size 16 \
  --disaggregation-transfer-backend nixl
