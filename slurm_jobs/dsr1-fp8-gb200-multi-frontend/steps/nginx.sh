#!/usr/bin/env bash
# nginx: nginx on node 0, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind nginx 0
make_local_dir /tmp
. "$RUN_DIR"/env/nginx.env || give_up 'cannot read its environment'
fill nginx.conf
run \
  nginx -p "${LOCAL_DIR}/" -c "${LOCAL_DIR}/nginx.conf" -g 'daemon off;'
