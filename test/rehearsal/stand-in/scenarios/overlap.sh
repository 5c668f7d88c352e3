#!/bin/bash
#SBATCH --nodes=4
# Steps have their nodes to themselves unless they overlap.
. ./show.sh

srun -N2 -n2 -w node0,node1 --job-name=first sleep 5 &
until_name first
show srun -N1 -n1 -w node2 true
show srun -N1 -n1 -w node0 --overlap true
show srun -N1 -n1 -w node0 --immediate=1 true
show srun -N2 -n2 -w node1,node2 true
wait
srun -N1 -n1 -w node0 --job-name=second sleep 2 &
until_name second
show srun -N1 -n1 -w node0 --quiet true
wait
srun -N1 -n1 -w node0 --job-name=third --overlap sleep 2 &
until_name third
show srun -N1 -n1 -w node0 true
wait
