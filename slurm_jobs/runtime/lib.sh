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

RUNTIME=${BASH_SOURCE[0]%/*}
# Parts that a job has no use for are not in its runtime. job.sbatch has checked that the others are.
# shellcheck source=cause-line.sh
. "$RUNTIME/cause-line.sh" || exit 1
# shellcheck source=lib/events.sh
. "$RUNTIME/lib/events.sh" || exit 1
# shellcheck source=environment.sh
. "$RUNTIME/environment.sh" || exit 1
# shellcheck source=lib/preamble.sh
[[ ! -e $RUNTIME/lib/preamble.sh ]] || . "$RUNTIME/lib/preamble.sh" || exit 1
# shellcheck source=lib/image.sh
[[ ! -e $RUNTIME/lib/image.sh ]] || . "$RUNTIME/lib/image.sh" || exit 1
# shellcheck source=lib/container.sh
[[ ! -e $RUNTIME/lib/container.sh ]] || . "$RUNTIME/lib/container.sh" || exit 1
# shellcheck source=lib/ports.sh
[[ ! -e $RUNTIME/lib/ports.sh ]] || . "$RUNTIME/lib/ports.sh" || exit 1
# shellcheck source=lib/racks.sh
[[ ! -e $RUNTIME/lib/racks.sh ]] || . "$RUNTIME/lib/racks.sh" || exit 1
# shellcheck source=lib/nodes.sh
. "$RUNTIME/lib/nodes.sh" || exit 1
# shellcheck source=lib/steps.sh
. "$RUNTIME/lib/steps.sh" || exit 1
# shellcheck source=lib/cause.sh
. "$RUNTIME/lib/cause.sh" || exit 1
# shellcheck source=lib/supervise.sh
. "$RUNTIME/lib/supervise.sh" || exit 1
# shellcheck source=lib/await.sh
. "$RUNTIME/lib/await.sh" || exit 1
# shellcheck source=lib/etcd.sh
. "$RUNTIME/lib/etcd.sh" || exit 1
# shellcheck source=lib/tls.sh
[[ ! -e $RUNTIME/lib/tls.sh ]] || . "$RUNTIME/lib/tls.sh" || exit 1
# shellcheck source=lib/ready.sh
. "$RUNTIME/lib/ready.sh" || exit 1
# shellcheck source=lib/health.sh
. "$RUNTIME/lib/health.sh" || exit 1
# shellcheck source=lib/turned-away.sh
. "$RUNTIME/lib/turned-away.sh" || exit 1
# shellcheck source=lib/adopt.sh
. "$RUNTIME/lib/adopt.sh" || exit 1
# shellcheck source=lib/commands.sh
. "$RUNTIME/lib/commands.sh" || exit 1
# shellcheck source=lib/end.sh
. "$RUNTIME/lib/end.sh" || exit 1
# What job.sbatch sets where these parts are there.
TLS='' RACKS=0
# What the preamble has changed, as NAME=VALUE, for the steps.
PREAMBLE=()
# Lines of state/image that have become events.
IMAGE_TOLD=0

# A signal that the job got while its supervisor was not there.
TOLD=''
# Where what this attempt says in job.log begins.
JOB_LOG_START=0
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
  DEADLINE=$1 STALL=$2 DRAIN_TIME=$3 LEASE=$4 LOCAL=$5
  # Somebody may have submitted it with another --export, which would reach srun too:
  # https://slurm.schedmd.com/sbatch.html, SLURM_EXPORT_ENV.
  export RUN_DIR DYN_SLURM_RUN_DIR=$RUN_DIR DYN_SLURM_ATTEMPT_DIR=$ATTEMPT_DIR SLURM_EXPORT_ENV=ALL
  # pyxis may keep it apart from those of other jobs, and may not.
  CONTAINER=${RUN_DIR##*/}-$SLURM_JOB_ID-$ATTEMPT
  export DYN_SLURM_CONTAINER=$CONTAINER
  scrub
  mkdir -p "$ATTEMPT_DIR/logs" "$ATTEMPT_DIR/state" "$RUN_DIR/commands"
  JOB_LOG_START=$(stat -c %s "$RUN_DIR/job.log" 2>/dev/null || echo 0)
  load_state
  trap finish EXIT
  trap on_sigterm TERM INT
  trap 'DRAIN=1' USR1
  ((RESUMED)) || begin_attempt
  # The supervisor before was tearing down.
  [[ -z $OUTCOME ]] || end "$OUTCOME" "$REASON"
  # A signal that came while there was no supervisor.
  [[ $TOLD != TERM ]] || on_sigterm
  [[ $TOLD != USR1 ]] || DRAIN=1
}

begin_attempt() {
  # Of an attempt that was killed.
  rm -f "$RUN_DIR"/state/{credentials,etcd.lock,token,tls.key} "$RUN_DIR"/attempts/*/state/{credentials,etcd.lock,token,tls.key}
  # The names that Dynamo reads. A letter comes first: NATS takes a value that looks like a number for one.
  printf 'export NATS_AUTH_USERNAME=dyn-slurm NATS_AUTH_PASSWORD=p%s\n' "$(random_hex)" >"$ATTEMPT_DIR/state/credentials"
  # Given back at the end, when the verdict needs it. Random, for file systems that compress.
  head -c 65536 /dev/urandom >"$ATTEMPT_DIR/state/reserve"
  event job-started job="$SLURM_JOB_ID" attempt:="$ATTEMPT" nodes:="$SLURM_JOB_NUM_NODES"
  save_state
}

# call_if_there FUNCTION [WORDS...]: calls a function of a part that the job may not have.
call_if_there() {
  ! declare -F "$1" >/dev/null || "$@"
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
