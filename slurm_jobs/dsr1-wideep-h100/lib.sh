# shellcheck shell=bash source-path=SCRIPTDIR
# The job's own side, sourced by job.sbatch: binds the plan's node indices to hosts, launches the steps, waits until
# the service is ready, sees to what ends, and takes everything down. lib/ holds its parts.

umask 077
# Before anything that an older bash does not know. Its way of writing an event is the plainest.
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  too_old="the batch shell is bash $BASH_VERSION, and the job needs 4.4 or later"
  echo "dyn-slurm: $too_old" >&2
  printf '{"time":"%s","kind":"verdict","outcome":"failed","reason":"%s","seconds":0%s}\n' "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)" \
    "$too_old" "${SLURM_RESTART_COUNT:+,\"attempt\":$SLURM_RESTART_COUNT}" >>"$RUN_DIR/events.jsonl"
  exit 1
fi
set -uo pipefail

LIB=${BASH_SOURCE[0]%/*}/lib
# shellcheck source=cause-line.sh
. "${LIB%/lib}/cause-line.sh" || exit 1
# shellcheck source=lib/events.sh
. "$LIB/events.sh" || exit 1
# shellcheck source=environment.sh
. "${LIB%/*}/environment.sh" || exit 1
# shellcheck source=lib/preamble.sh
. "$LIB/preamble.sh" || exit 1
# shellcheck source=lib/image.sh
. "$LIB/image.sh" || exit 1
# shellcheck source=lib/container.sh
. "$LIB/container.sh" || exit 1
# shellcheck source=lib/ports.sh
. "$LIB/ports.sh" || exit 1
# shellcheck source=lib/racks.sh
. "$LIB/racks.sh" || exit 1
# shellcheck source=lib/nodes.sh
. "$LIB/nodes.sh" || exit 1
# shellcheck source=lib/steps.sh
. "$LIB/steps.sh" || exit 1
# shellcheck source=lib/cause.sh
. "$LIB/cause.sh" || exit 1
# shellcheck source=lib/supervise.sh
. "$LIB/supervise.sh" || exit 1
# shellcheck source=lib/await.sh
. "$LIB/await.sh" || exit 1
# shellcheck source=lib/etcd.sh
. "$LIB/etcd.sh" || exit 1
# shellcheck source=lib/tls.sh
. "$LIB/tls.sh" || exit 1
# shellcheck source=lib/ready.sh
. "$LIB/ready.sh" || exit 1
# shellcheck source=lib/health.sh
. "$LIB/health.sh" || exit 1
# shellcheck source=lib/bench.sh
. "$LIB/bench.sh" || exit 1
# shellcheck source=lib/end.sh
. "$LIB/end.sh" || exit 1

now
STARTED=$NOW
# How often Slurm has put the job back into the queue. What an attempt leaves, logs and state, is in its own folder, so
# that nothing of an earlier one is taken for its own.
ATTEMPT=${SLURM_RESTART_COUNT:-0}
ATTEMPT_DIR=$RUN_DIR
((ATTEMPT == 0)) || ATTEMPT_DIR=$RUN_DIR/attempts/$ATTEMPT

# begin DEADLINE STALL DRAIN LEASE LOCAL_DIR: seconds from start to ready, of those without progress, for the last
# requests, and that a dead worker stays registered; and the folder where nodes keep data of their own.
begin() {
  # Of an attempt that was killed.
  rm -f "$RUN_DIR"/state/{credentials,etcd.lock,token,tls.key} "$RUN_DIR"/attempts/*/state/{credentials,etcd.lock,token,tls.key}
  set_out "$@"
  # The names that Dynamo reads. A letter comes first: NATS takes a value that looks like a number for one.
  printf 'export NATS_AUTH_USERNAME=dyn-slurm NATS_AUTH_PASSWORD=p%s\n' "$(random_hex)" >"$ATTEMPT_DIR/state/credentials"
  event job-started job="$SLURM_JOB_ID" attempt:="$ATTEMPT" nodes:="$SLURM_JOB_NUM_NODES"
}

# set_out: the same, for a job that is not new.
set_out() {
  DEADLINE=$1 STALL=$2 DRAIN_TIME=$3 LEASE=$4 LOCAL=$5
  # Somebody may have submitted it with another --export, which would reach srun too:
  # https://slurm.schedmd.com/sbatch.html, SLURM_EXPORT_ENV.
  export RUN_DIR DYN_SLURM_RUN_DIR=$RUN_DIR DYN_SLURM_ATTEMPT_DIR=$ATTEMPT_DIR SLURM_EXPORT_ENV=ALL
  # pyxis may keep it apart from those of other jobs, and may not.
  CONTAINER=${RUN_DIR##*/}-$SLURM_JOB_ID-$ATTEMPT
  export DYN_SLURM_CONTAINER=$CONTAINER
  scrub
  mkdir -p "$ATTEMPT_DIR/logs" "$ATTEMPT_DIR/state"
  JOB_LOG_START=$(stat -c %s "$RUN_DIR/job.log" 2>/dev/null || echo 0)
  trap finish EXIT
  trap told_to_end TERM INT
  trap 'DRAIN=1' USR1
  # Given back at the end, when the verdict needs it. Random, for file systems that compress.
  head -c 65536 /dev/urandom >"$ATTEMPT_DIR/state/reserve"
}

# What the submitting shell leaked would steer our steps and the services.
scrub() {
  local name
  for name in "${!SBATCH_@}" "${!SRUN_@}" "${!PMI_@}" "${!PMIX_@}" "${!SLURM_CPU_BIND@}" "${!SLURM_MEM_BIND@}" \
    "${!ETCD_@}" "${!NATS_@}" "${!DYN_@}"; do
    [[ $name == DYN_SLURM_* ]] || unset "$name"
  done
}

random_hex() {
  od -An -N 24 -tx1 /dev/urandom | tr -d ' \n'
}
