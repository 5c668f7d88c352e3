#!/usr/bin/env bash
# bench: bench on node 0, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind bench 0
. "$RUN_DIR"/env/bench.env || give_up 'cannot read its environment'
complete \
  bash -c 'echo "the config has no benchmark" >&2; exit 2'
