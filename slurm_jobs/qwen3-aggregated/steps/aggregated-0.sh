#!/usr/bin/env bash
# aggregated-0: aggregated worker 0 on node 0, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind aggregated-0 0
. "$RUN_DIR/runtime/kernels.sh" || exit 1
keep_kernels "${RUN_DIR%/*}/.kernels/sglang-0.5.21/h100/host" /tmp
. "$RUN_DIR"/env/aggregated-0.env || give_up 'cannot read its environment'
respect_kernels
await_services locked "http://${NODE_IP[0]}:2379" "nats://${NODE_IP[0]}:4222"
# After such a line the command is over, even if it lives on.
FATAL='^[^"'\'']{0,120}(Subprocess [a-z_0-9]+ \(pid=[0-9]+\) crashed with exit code|SIGQUIT received[.] signum=|Received sigquit from a child proces)'
run \
  python3 -m dynamo.sglang \
  --model-path /models/Qwen3-32B \
  --served-model-name Qwen/Qwen3-32B \
  --dist-init-addr "${NODE_IP[0]}:29500" \
  --nnodes 1 \
  --node-rank 0 \
  --tp-size 2 \
  --kv-events-config '{"publisher":"zmq","topic":"kv-events","endpoint":"tcp://*:5557"}' \
  --request-plane tcp \
  --event-plane nats \
  --page-size 16 \
  --trust-remote-code
