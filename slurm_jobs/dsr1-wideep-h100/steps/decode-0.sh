#!/usr/bin/env bash
# decode-0: decode worker 0 on nodes 4 to 7, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind decode-0 4 5 6 7
. "$RUN_DIR/runtime/kernels.sh" || exit 1
keep_kernels "${RUN_DIR%/*}/.kernels/sglang-0.5.21/h100/host" /tmp
. "$RUN_DIR"/env/decode-0.env || give_up 'cannot read its environment'
respect_kernels
await_services locked "http://${NODE_IP[0]}:2379" "nats://${NODE_IP[0]}:4222"
# After such a line the command is over, even if it lives on.
FATAL='^[^"'\'']{0,120}(Subprocess [a-z_0-9]+ \(pid=[0-9]+\) crashed with exit code|SIGQUIT received[.] signum=|Received sigquit from a child proces)'
run \
  python3 -m dynamo.sglang \
  --model-path /models/DeepSeek-R1 \
  --served-model-name deepseek-ai/DeepSeek-R1 \
  --disaggregation-mode decode \
  --disaggregation-bootstrap-port 30001 \
  --dist-init-addr "${NODE_IP[4]}:29500" \
  --nnodes 4 \
  --node-rank "${NODE_RANK}" \
  --tp-size 32 \
  --dp-size 32 \
  --host "${SELF_IP}" \
  --request-plane tcp \
  --event-plane nats \
  --skip-tokenizer-init \
  --disaggregation-transfer-backend nixl \
  --enable-dp-attention \
  --decode-log-interval 1000 \
  --moe-a2a-backend deepep \
  --page-size 1 \
  --trust-remote-code \
  --moe-dense-tp-size 1 \
  --enable-dp-lm-head \
  --disable-radix-cache \
  --watchdog-timeout 1000000 \
  --enable-two-batch-overlap \
  --deepep-mode low_latency \
  --ep-num-redundant-experts 32 \
  --cuda-graph-bs-decode 128 \
  --mem-fraction-static 0.835
