#!/usr/bin/env bash
# Runs scenarios with the Slurm that is on PATH, in the current folder, and prints what came of each:
# `run.sh steps ends`. This is how test/recorded/slurm-22.05 was made, on real Slurm with nodes named node0 to
# node5, FirstJobId=4242, KillWait=5 and proctrack/cgroup.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cp "$here/show.sh" .
for name; do
  if [[ $(sed -n 2p "$here/$name.sh") != '#SBATCH'* ]]; then
    bash "$here/$name.sh"
    continue
  fi
  id=$(sbatch --parsable --time=10 --output="$name.out" "$here/$name.sh") || exit
  while squeue --noheader --jobs="$id" --states=PENDING,RUNNING,COMPLETING 2>/dev/null | grep -q .; do sleep 0.2; done
  # bash's own words for a child that was killed
  grep -v 'slurm_script: line' "$name.out"
done
