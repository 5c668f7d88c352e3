#!/usr/bin/env bash
# etcd: etcd on node 0, started by srun in job.sbatch.
RUN_DIR=$DYN_SLURM_RUN_DIR ATTEMPT_DIR=$DYN_SLURM_ATTEMPT_DIR
. "$RUN_DIR/runtime/task.sh" || exit 1
bind etcd 0
make_local_dir /tmp
cd "$LOCAL_DIR" || give_up "cannot enter $LOCAL_DIR"
. "$RUN_DIR"/env/etcd.env || give_up 'cannot read its environment'
run python3 -I -S "$RUN_DIR/runtime/etcd.py" "$ATTEMPT_DIR/state/etcd.lock" \
  etcd \
  --name head \
  --data-dir "${LOCAL_DIR}/etcd" \
  --listen-client-urls "http://${SELF_IP}:2379" \
  --advertise-client-urls "http://${SELF_IP}:2379" \
  --listen-peer-urls unix://peer:1 \
  --initial-advertise-peer-urls unix://peer:1 \
  --initial-cluster head=unix://peer:1 \
  --auth-token-ttl 31536000 \
  --bcrypt-cost 4 \
  --heartbeat-interval 10 \
  --election-timeout 100 \
  --log-level warn
