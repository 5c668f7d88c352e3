#!/usr/bin/env bash
# frontend-0: frontend on node 0, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind frontend-0 0
. "$RUN_DIR"/env/frontend-0.env || give_up 'cannot read its environment'
await_services locked "http://${NODE_IP[0]}:2379" "nats://${NODE_IP[0]}:4222"
run \
  python3 -m dynamo.frontend \
  --http-host "${SELF_IP}" \
  --http-port 8000 \
  --router-mode round-robin \
  --migration-limit 3 \
  --request-plane tcp \
  --event-plane nats
