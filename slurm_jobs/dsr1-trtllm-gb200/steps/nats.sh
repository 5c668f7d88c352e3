#!/usr/bin/env bash
# nats: nats on node 0, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind nats 0
make_local_dir /tmp
. "$RUN_DIR"/env/nats.env || give_up 'cannot read its environment'
run \
  nats-server \
  --config "${RUN_DIR}/nats.conf" \
  --addr "${SELF_IP}" \
  --port 4222
