#!/bin/bash -p
# qwen3-disaggregated: an interactive session. Rendered by dyn-slurm.
# A step on the head node of an allocation (srun --chdir) runs it; docs/allocate.md says what it does. Its arguments are
# the hosts, with commas, and whether the allocation ends with the session: owned or borrowed.

RUN_DIR=$PWD
# Not through its srun, without which it goes on.
exec >>"$RUN_DIR/job.log" 2>&1
# Whoever may have put them there: what is not ours is not run.
for FILE in "$RUN_DIR" "$RUN_DIR"/*.* "$RUN_DIR"/{runtime,steps,env} "$RUN_DIR"/{runtime,steps,env}/* "$RUN_DIR"/runtime/*/*; do
  [[ -O $FILE ]] || { echo "dyn-slurm: $FILE does not belong to $(id -un), who runs this job" >&2; exit 1; }
done
# The static scripts, as they were when this one was rendered: `sha256sum FILE... | sha256sum` in their folder.
RUNTIME_SHA256=5661f4abe87da9c35bb2eba04f5855f7b7369eb9e538c6001afd6d2680c977b8
RUNTIME_FILES=(
  cause-line.sh causes.txt environment.sh etcd.py lib.sh lib/await.sh lib/bench.sh lib/cause.sh lib/end.sh
  lib/etcd.sh lib/events.sh lib/health.sh lib/nodes.sh lib/ready.sh lib/session.sh lib/steps.sh lib/supervise.sh
  metrics.sh node.sh node/address.sh node/environment.sh node/gpus.sh node/model.sh task.sh
)
[[ $(cd "$RUN_DIR/runtime" && sha256sum "${RUNTIME_FILES[@]}" | sha256sum) == "$RUNTIME_SHA256  -" ]] ||
  { echo "dyn-slurm: $RUN_DIR/runtime has changed since this job was rendered" >&2; exit 1; }
. "$RUN_DIR/runtime/lib.sh" || exit 1
. "$RUN_DIR/runtime/lib/session.sh" || exit 1
# Seconds until ready, without progress, for the last requests, of a lease; and where nodes keep data of their own.
begin_session "$1" "$2" 7200 1200 90 30 /tmp

bind_session 1 auto

plan_step etcd etcd '' 0 -- \
  srun --nodes=1 --ntasks=1 --ntasks-per-node=1 "--nodelist=${NODE[0]}" --job-name=etcd --overlap \
  --mpi=none --cpu-bind=none --kill-on-bad-exit=1 --input=none \
  "--output=${ATTEMPT_DIR}/logs/etcd.%N.log" --open-mode=append bash -p "${RUN_DIR}/steps/etcd.sh"

plan_step nats nats '' 0 -- \
  srun --nodes=1 --ntasks=1 --ntasks-per-node=1 "--nodelist=${NODE[0]}" --job-name=nats --overlap \
  --mpi=none --cpu-bind=none --kill-on-bad-exit=1 --input=none \
  "--output=${ATTEMPT_DIR}/logs/nats.%N.log" --open-mode=append bash -p "${RUN_DIR}/steps/nats.sh"

plan_step frontend-0 frontend '' 0 -- \
  srun --nodes=1 --ntasks=1 --ntasks-per-node=1 "--nodelist=${NODE[0]}" --job-name=frontend-0 \
  --overlap --mpi=none --cpu-bind=none --kill-on-bad-exit=1 --input=none \
  "--output=${ATTEMPT_DIR}/logs/frontend-0.%N.log" --open-mode=append bash -p \
  "${RUN_DIR}/steps/frontend-0.sh"
answers_at frontend-0 "${NODE_IP[0]}:8000" /live ''

plan_step prefill-0 worker prefill 0 -- \
  srun --nodes=1 --ntasks=1 --ntasks-per-node=1 "--nodelist=${NODE[0]}" --job-name=prefill-0 --overlap \
  --mpi=none --cpu-bind=none --kill-on-bad-exit=1 --input=none \
  "--output=${ATTEMPT_DIR}/logs/prefill-0.%N.log" --open-mode=append bash -p \
  "${RUN_DIR}/steps/prefill-0.sh"
answers_at prefill-0 "${NODE_IP[0]}:8081" /metrics 'dynamo_endpoint="generate"'

plan_step prefill-1 worker prefill 0 -- \
  srun --nodes=1 --ntasks=1 --ntasks-per-node=1 "--nodelist=${NODE[0]}" --job-name=prefill-1 --overlap \
  --mpi=none --cpu-bind=none --kill-on-bad-exit=1 --input=none \
  "--output=${ATTEMPT_DIR}/logs/prefill-1.%N.log" --open-mode=append bash -p \
  "${RUN_DIR}/steps/prefill-1.sh"
answers_at prefill-1 "${NODE_IP[0]}:8082" /metrics 'dynamo_endpoint="generate"'

plan_step decode-0 worker decode 0 -- \
  srun --nodes=1 --ntasks=1 --ntasks-per-node=1 "--nodelist=${NODE[0]}" --job-name=decode-0 --overlap \
  --mpi=none --cpu-bind=none --kill-on-bad-exit=1 --input=none \
  "--output=${ATTEMPT_DIR}/logs/decode-0.%N.log" --open-mode=append bash -p \
  "${RUN_DIR}/steps/decode-0.sh"
answers_at decode-0 "${NODE_IP[0]}:8083" /metrics 'dynamo_endpoint="generate"'

plan_step metrics monitor '' 0 -- \
  srun --nodes=1 --ntasks=1 --ntasks-per-node=1 "--nodelist=${NODE[0]}" --job-name=metrics --overlap \
  --mpi=none --cpu-bind=none --input=none "--output=${ATTEMPT_DIR}/logs/metrics.%N.prom" \
  --open-mode=append bash -p "${RUN_DIR}/steps/metrics.sh"

plan_step bench bench '' 0 -- \
  srun --nodes=1 --ntasks=1 --ntasks-per-node=1 "--nodelist=${NODE[0]}" --job-name=bench --overlap \
  --mpi=none --cpu-bind=none --kill-on-bad-exit=1 --input=none \
  "--output=${ATTEMPT_DIR}/logs/bench.%N.log" --open-mode=append bash -p "${RUN_DIR}/steps/bench.sh"

if needs_services; then
  bring_up etcd nats
  await_service etcd locked_etcd_answers "${NODE_IP[0]}:2379"
  enter_etcd "${NODE_IP[0]}:2379"
  await_service nats nats_answers "${NODE_IP[0]}:4222"
  bring_up frontend-0 metrics
else
  rejoin_etcd "${NODE_IP[0]}:2379"
fi

# Ready: the workers that run are registered, every frontend sees them, and one completion has produced tokens. From then
# on etcd may be silent for so many seconds.
expect prefill 2 prefill generate '{"key":"djEvaW5zdGFuY2VzL2R5bmFtby9wcmVmaWxsL2dlbmVyYXRlLw==","range_end":"djEvaW5zdGFuY2VzL2R5bmFtby9wcmVmaWxsL2dlbmVyYXRlMA==","count_only":true}'
expect decode 1 backend generate '{"key":"djEvaW5zdGFuY2VzL2R5bmFtby9iYWNrZW5kL2dlbmVyYXRlLw==","range_end":"djEvaW5zdGFuY2VzL2R5bmFtby9iYWNrZW5kL2dlbmVyYXRlMA==","count_only":true}'
serve 300 Qwen/Qwen3-32B /v1/models/Qwen%2FQwen3-32B/ready '{"model":"Qwen/Qwen3-32B","messages":[{"role":"user","content":"Say hello."}],"max_tokens":8}' "${NODE_IP[0]}:2379" "${NODE_IP[0]}:8000" "${NODE_IP[0]}:8000"
