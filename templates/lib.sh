# shellcheck shell=bash
# The job's own side, sourced by job.sbatch: binds the plan's node indices to hosts, launches the steps, waits until
# the service is ready, sees to what ends, and takes everything down. lib/ holds its parts.

set -uo pipefail

RUNTIME=${BASH_SOURCE[0]%/*}
# Of RUNTIME_FILES, which job.sbatch has checked, those that are parts of this shell; a job has those that it needs.
for PART in "${RUNTIME_FILES[@]}"; do
  [[ $PART == @(cause-line.sh|environment.sh|lib/*.sh) ]] || continue
  # shellcheck source=/dev/null
  . "$RUNTIME/$PART" || exit 1
done

# has PART: whether the job has lib/PART.sh.
has() {
  [[ " ${RUNTIME_FILES[*]} " == *" lib/$1.sh "* ]]
}

# Set by job.sbatch with infra.tls.
TLS=''
# What the preamble has changed, as NAME=VALUE, for the steps.
PREAMBLE=()
# By step, the lines of state/STEP that have become events.
declare -A LINES_TOLD=()
# Whose allocation a session has, owned or borrowed; empty in a job. WHAT: what messages call this run.
OWNED='' WHAT=job
# A signal that the job got while it had no supervisor.
TOLD=''
# Where what this attempt says in job.log begins.
JOB_LOG_START=0
now
STARTED=$NOW
# How often Slurm has put the job back into the queue. Logs and state of each attempt are in a folder of its own.
ATTEMPT=${SLURM_RESTART_COUNT:-0}
ATTEMPT_DIR=$RUN_DIR
((ATTEMPT == 0)) || ATTEMPT_DIR=$RUN_DIR/attempts/$ATTEMPT

# begin DEADLINE STALL DRAIN LEASE LOCAL_DIR: seconds from start to ready, of those without progress, for the last
# requests, and that a dead worker stays registered; and the folder where nodes keep data of their own.
begin() {
  DEADLINE=$1 STALL=$2 DRAIN_TIME=$3 LEASE=$4 LOCAL=$5
  # Somebody may have submitted the job with another --export, which would reach srun too:
  # https://slurm.schedmd.com/sbatch.html, SLURM_EXPORT_ENV.
  export RUN_DIR DYN_SLURM_RUN_DIR=$RUN_DIR DYN_SLURM_ATTEMPT_DIR=$ATTEMPT_DIR SLURM_EXPORT_ENV=ALL
  # pyxis may or may not keep its name apart from those of other jobs.
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
  # The previous supervisor was tearing down.
  [[ -z $OUTCOME ]] || end "$OUTCOME" "$REASON"
  # A signal that came while there was no supervisor.
  [[ $TOLD != TERM ]] || on_sigterm
  [[ $TOLD != USR1 ]] || DRAIN=1
}

begin_attempt() {
  # Of an attempt that was killed.
  remove_passwords
  # The names that Dynamo reads. A letter comes first: NATS takes a value that looks like a number for one.
  printf 'NATS_AUTH_USERNAME=dyn-slurm\nNATS_AUTH_PASSWORD=p%s\n' "$(random_hex)" >"$ATTEMPT_DIR/state/credentials"
  # Reserves space for the verdict, and is removed before it. Random, because some file systems compress.
  head -c 65536 /dev/urandom >"$ATTEMPT_DIR/state/reserve"
  event job-started job="$SLURM_JOB_ID" attempt:="$ATTEMPT" nodes:="$SLURM_JOB_NUM_NODES"
  save_state
}

# scrub: variables that the submitting shell passed on would change how our steps and the services run.
scrub() {
  local name
  for name in "${!SBATCH_@}" "${!SRUN_@}" "${!PMI_@}" "${!PMIX_@}" "${!SLURM_CPU_BIND@}" "${!SLURM_MEM_BIND@}" \
    "${!ETCD_@}" "${!NATS_@}" "${!DYN_@}"; do
    [[ $name == DYN_SLURM_* ]] || unset "$name"
  done
}

# wait_for PID: its status. A trap ends a wait, not the child.
wait_for() {
  while kill -0 "$1" 2>/dev/null; do
    wait "$1"
  done
  wait "$1"
}

random_hex() {
  od -An -N 24 -tx1 /dev/urandom | tr -d ' \n'
}
