# shellcheck shell=bash
# Shared by the scenarios: runs a command and prints it with what it printed and its exit code. Lines are sorted, for
# tasks print in any order; times and job numbers are replaced; whether slurmstepd's "STEP … CANCELLED" still reaches
# srun is a race.

show() {
  local status
  echo "\$ $*" | plain
  "$@" >show.out 2>show.err </dev/null
  status=$?
  sort show.out | sed 's/^/  /' | plain
  errors
  echo "  = $status"
}

errors() {
  grep -v 'error: \*\*\* STEP' show.err | sort | sed 's/^/  ! /' | plain
}

plain() {
  sed -E "s#$PWD#HERE#g; s/\b${id:-@}\b/ID/g; s/\b${id2:-@}\b/ID2/g; s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}/TIME/g; s/(job|Job|JOB|StepId=|STEP|allocation|=|job id|step id) ?${SLURM_JOB_ID:-@}\b/\1 JOB/g; s/StepId= /StepId=/g"
}

# signalled SIGNAL COMMAND...: the same, with a signal once the command has printed something.
signalled() {
  local signal=$1 status
  shift
  echo "\$ $* <- $signal"
  rm -f show.out
  "$@" >show.out 2>show.err </dev/null &
  until [[ -s show.out ]]; do sleep 0.1; done
  sleep 0.3
  kill -"$signal" $!
  wait $! 2>/dev/null
  status=$?
  sort show.out | sed 's/^/  /' | plain
  errors
  echo "  = $status"
}

# until_name NAME: until the job has a step of that name.
until_name() {
  until squeue --noheader --steps --jobs="$SLURM_JOB_ID" --format=%j | grep -qx "$1"; do sleep 0.1; done
}
