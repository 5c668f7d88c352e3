#!/bin/bash
#SBATCH --nodes=4
# Where output goes, and where input comes from.
. ./show.sh

# Each file that a pattern made, with what is in it.
files() {
  local file
  for file in out/*; do
    echo "  $file: $(sort "$file" | paste -sd /)" | plain | sed "s/$SLURM_JOB_ID/JOB/g; s/JOB\.[0-9]*-[0-9]*-/JOB.STEP-STEP-/; s/-[a-z]*-%/-USER-%/"
  done
  rm -f out/*
}

mkdir -p out
both='echo o$SLURM_PROCID; echo e$SLURM_PROCID >&2'
show srun -N4 --overlap bash -c "$both"
show srun -N4 --overlap --output=out/%j-%J-%s-%n-%N-%t-%x-%u-%%-%3t-%A bash -c "$both"
files
show srun -N2 --overlap --output=out/%t.out --error=out/%t.err bash -c "$both"
files
show srun -N2 --overlap --job-name=named --output=out/%x.%N bash -c "$both"
files
show srun -N2 --overlap --output=out/all bash -c "$both"
files
show srun -N2 --overlap --label --output=out/%t bash -c "$both"
files
show srun -N2 --overlap --output=out/%t bash -c 'printf 1'
show srun -N2 --overlap --output=out/%t bash -c 'printf 2'
show srun -N2 --overlap --open-mode=append --output=out/%t bash -c 'printf 3'
files
show srun -N2 --overlap --output=none bash -c "$both"
show srun -N2 --overlap --output=1 bash -c "$both"
show srun -N2 --overlap --output=missing/all bash -c "$both"
show srun -N2 --overlap --output=missing/%t bash -c "$both"
show srun -N1 -n1 --overlap --pty bash -c 'echo $SLURM_PROCID'

echo 'a loop that srun reads from:'
printf 'a\nb\nc\n' | while read -r line; do echo "  $line"; srun -N1 -n1 --overlap true; done
echo 'and with --input=none:'
printf 'a\nb\nc\n' | while read -r line; do echo "  $line"; srun -N1 -n1 --overlap --input=none cat; done
echo 'to all tasks:'
printf 'a\nb\n' | srun -N2 --overlap --label cat | sort
echo 'to one:'
printf 'a\nb\n' | srun -N2 --overlap --label --input=1 cat
