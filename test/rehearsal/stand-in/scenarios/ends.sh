#!/usr/bin/env bash
# How jobs end, asked from outside: what the job printed, what became of its step, and what squeue says.
. ./show.sh

cat >job.sh <<'JOB'
#!/bin/bash
#SBATCH --nodes=2
say() { echo "batch: $*"; }
for signal in TERM USR1; do trap "say $signal" $signal; done
srun --overlap --output=step.%t bash -c 'for s in TERM USR1; do trap "echo $s; [ $s = USR1 ] || exit 0" $s; done; echo up; for i in $(seq 48); do sleep 0.25; done' 2>srun.err &
step=$!
setsid sleep 5 &
while :; do wait $step; status=$?; kill -0 $step 2>/dev/null || break; done
say "step = $status"
exit "${1:-0}"
JOB

over() {
  while squeue --noheader --jobs="$1" --states=PENDING,RUNNING,COMPLETING 2>/dev/null | grep -q .; do sleep 0.1; done
}

# ended TITLE SBATCH_ARGUMENT... -- COMMAND...: COMMAND gets the job's id as its last argument.
ended() {
  local title=$1 id
  local -a arguments=()
  shift
  while [[ $1 != -- ]]; do
    arguments+=("$1")
    shift
  done
  shift
  rm -f step.* job.out srun.err
  id=$(sbatch --parsable --job-name=ends --output=job.out "${arguments[@]}")
  until squeue --noheader --jobs="$id" --states=RUNNING --format=%i 2>/dev/null | grep -q .; do sleep 0.1; done
  until [[ -s step.0 ]]; do sleep 0.1; done
  sleep 0.3
  echo "## $title"
  "$@" "$id"
  echo "  = $?"
  over "$id"
  SLURM_JOB_ID=$id plain <job.out | sort | grep -v 'no such job' | sed 's/^/  /'
  SLURM_JOB_ID=$id plain <step.0 | grep -v '^slurmstepd' | sed 's/^/  task 0: /'
  squeue --noheader --states=all --jobs="$id" --format='  %T %t %r %R'
  scontrol show job "$id" | grep -o 'ExitCode=[0-9:]*' | sed 's/^/  /'
}

ended 'by itself' job.sh -- true
ended 'by itself, with code 3' job.sh 3 -- true
ended 'scancel' job.sh -- scancel
ended 'scancel --signal=USR1' job.sh -- scancel --signal=USR1
ended 'scancel --signal=TERM' job.sh -- scancel --signal=TERM
ended 'scancel --batch --signal=USR1' job.sh -- scancel --batch --signal=USR1
ended 'scancel --full --signal=USR1' job.sh -- scancel --full --signal=USR1
ended 'scancel --batch' job.sh -- scancel --batch
