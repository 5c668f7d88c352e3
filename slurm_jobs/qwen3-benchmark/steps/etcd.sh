#!/usr/bin/env bash
# etcd: etcd on node 0, started by srun in job.sbatch.
. "$RUN_DIR/task.sh" || exit 1
bind etcd 0
make_local_dir /tmp
. "$RUN_DIR"/env/etcd.env || give_up 'cannot read its environment'
run \
  etcd \
  --name head \
  --data-dir "${LOCAL_DIR}/etcd" \
  --listen-client-urls "http://${SELF_IP}:${PORT[2379]}" \
  --advertise-client-urls "http://${SELF_IP}:${PORT[2379]}" \
  --listen-peer-urls "http://${SELF_IP}:${PORT[2380]}" \
  --initial-advertise-peer-urls "http://${SELF_IP}:${PORT[2380]}" \
  --initial-cluster "head=http://${SELF_IP}:${PORT[2380]}" \
  --auth-token-ttl 31536000 \
  --bcrypt-cost 4 \
  --log-level warn
