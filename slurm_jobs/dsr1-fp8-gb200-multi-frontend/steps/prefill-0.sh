#!/usr/bin/env bash
# prefill-0: prefill worker 0 on node 0, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind prefill-0 0
. "$RUN_DIR/runtime/kernels.sh" || exit 1
keep_kernels "${RUN_DIR%/*}/.kernels/sglang-0.5.21/gb200/dynamo-sglang-1.6.1-arm64.sqsh-5bb3ce15" /tmp
. "$RUN_DIR"/env/prefill-0.env || give_up 'cannot read its environment'
respect_kernels
await_services locked "http://${NODE_IP[0]}:2379" "nats://${NODE_IP[0]}:4222"
# After such a line the command is over, even if it lives on.
FATAL='^[^"'\'']{0,120}(Subprocess [a-z_0-9]+ \(pid=[0-9]+\) crashed with exit code|SIGQUIT received[.] signum=|Received sigquit from a child proces)'
run \
  python3 -m dynamo.sglang \
  --model-path /lustre/models/DeepSeek-R1-0528 \
  --served-model-name deepseek-ai/DeepSeek-R1 \
  --disaggregation-mode prefill \
  --disaggregation-bootstrap-port 30001 \
  --dist-init-addr "${NODE_IP[0]}:29500" \
  --nnodes 1 \
  --node-rank 0 \
  --tp-size 4 \
  --dp-size 4 \
  --host "${SELF_IP}" \
  --request-plane tcp \
  --event-plane nats \
  --skip-tokenizer-init \
  --trust-remote-code \
  --enable-dp-attention \
  --max-running-requests 512 \
  --context-length 2200 \
  --disable-radix-cache \
  --moe-a2a-backend deepep \
  --load-balance-method round_robin \
  --deepep-mode normal \
  --ep-dispatch-algorithm dynamic \
  --moe-dense-tp-size 1 \
  --enable-dp-lm-head \
  --disable-shared-experts-fusion \
  --ep-num-redundant-experts 32 \
  --eplb-algorithm deepseek \
  --attention-backend trtllm_mla \
  --kv-cache-dtype fp8_e4m3 \
  --quantization fp8 \
  --watchdog-timeout 1000000 \
  --cuda-graph-max-bs-decode 128 \
  --chunked-prefill-size 8192 \
  --max-total-tokens 8192 \
  --deepep-config /configs/deepep_config.json \
  --stream-interval 10 \
  --flashinfer-allreduce-fusion-backend auto \
  --moe-runner-backend flashinfer_trtllm \
  --scheduler-recv-interval 10 \
  --enable-symm-mem \
  --mem-fraction-static 0.95
