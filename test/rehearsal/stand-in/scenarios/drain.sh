#!/usr/bin/env bash
# What time tasks have when their job ends: all of KillWait, unless srun itself is told to end.
. ./show.sh

cat >job.sh <<'JOB'
#!/bin/bash
#SBATCH --nodes=2
trap 'echo batch: told; [[ $1 != ignore ]] || exit 0' TERM
srun --overlap --output=task.%t bash -c '
  trap "echo task: told; sleep 1.5; echo task: drained; exit 0" TERM
  echo up
  for i in $(seq 100); do sleep 0.1; done' &
step=$!
setsid bash -c 'trap "echo background: told" TERM; for i in $(seq 100); do sleep 0.1; done' &
until [[ -s task.0 && -s task.1 ]]; do sleep 0.1; done
sleep 0.3
touch up
[[ $1 != exit ]] || exit 0
[[ $1 != term ]] || kill -TERM $step
while kill -0 $step 2>/dev/null; do wait $step; done
echo batch: end
JOB

# drained HOW COMMAND...: HOW goes to job.sh, COMMAND gets the job's id as its last argument.
drained() {
  rm -f task.* job.out up
  echo "## job.sh $*"
  id=$(sbatch --parsable --time=5 --job-name=drain --output=job.out job.sh "$1")
  shift
  until [[ -e up ]]; do sleep 0.1; done
  "$@" "$id"
  while squeue --noheader --jobs="$id" --states=PENDING,RUNNING,COMPLETING 2>/dev/null | grep -q .; do sleep 0.1; done
  grep -v 'error: \*\*\* STEP' job.out | sort | plain
  for task in 0 1; do grep -v 'error: \*\*\* STEP' task.$task | plain; done
  squeue --noheader --states=all --jobs="$id" --format='  %T %r'
}

drained exit true
drained wait scancel
drained wait scancel --signal=TERM
drained term true
