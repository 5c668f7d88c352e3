#!/usr/bin/env bash
# frontend-2: frontend on node 3, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/task.sh" || exit 1
bind frontend-2 3
. "$RUN_DIR"/env/frontend-2.env || give_up 'cannot read its environment'
await_services locked "http://${NODE_IP[0]}:${PORT[2379]}" "nats://${NODE_IP[0]}:${PORT[4222]}"
run \
  python3 -m dynamo.frontend \
  --http-host "${SELF_IP}" \
  --http-port "${PORT[8180]}" \
  --router-mode round-robin \
  --migration-limit 3 \
  --request-plane tcp \
  --event-plane nats
