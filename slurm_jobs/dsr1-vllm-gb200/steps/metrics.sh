#!/usr/bin/env bash
# metrics: monitor on node 0, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind metrics 0
make_local_dir /tmp
. "$RUN_DIR"/env/metrics.env || give_up 'cannot read its environment'
run \
  bash "${RUN_DIR}/runtime/metrics.sh" 5 "${LOCAL_DIR}" "frontend-0=${NODE_IP[0]}:8000" "prefill-0=${NODE_IP[0]}:8081" "prefill-1=${NODE_IP[1]}:8081" "prefill-2=${NODE_IP[2]}:8081" "prefill-3=${NODE_IP[3]}:8081" "decode-0=${NODE_IP[4]}:8081" "decode-0=${NODE_IP[5]}:8081" "decode-0=${NODE_IP[6]}:8081" "decode-0=${NODE_IP[7]}:8081" "decode-0=${NODE_IP[8]}:8081" "decode-0=${NODE_IP[9]}:8081" "decode-0=${NODE_IP[10]}:8081" "decode-0=${NODE_IP[11]}:8081"
