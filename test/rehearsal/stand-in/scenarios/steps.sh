#!/bin/bash
#SBATCH --nodes=4
# How tasks are placed, and how a step ends.
. ./show.sh

show srun -N4 --overlap bash -c 'echo $SLURM_NODEID $SLURM_PROCID $SLURM_LOCALID $SLURMD_NODENAME $SLURM_STEP_NODELIST'
show srun -N2 -w node3,node1 --overlap bash -c 'echo $SLURM_NODEID $SLURM_PROCID $SLURMD_NODENAME $SLURM_STEP_NODELIST $SLURM_NNODES $SLURM_NTASKS $SLURM_STEP_TASKS_PER_NODE'
show srun -N2 -w 'node[1,3]' --overlap bash -c 'echo $SLURM_NODEID $SLURMD_NODENAME'
show srun -w 'node[1-2]' --overlap bash -c 'echo $SLURMD_NODENAME'
show srun -n2 -w node1,node2 --overlap bash -c 'echo $SLURMD_NODENAME'
show srun -N1 -n1 -w node1,node2 --overlap bash -c 'echo $SLURMD_NODENAME'
show srun -N2 -r2 --overlap bash -c 'echo $SLURMD_NODENAME'
show srun -N1 -n1 -x node0 --overlap bash -c 'echo $SLURMD_NODENAME'
show srun -n6 --overcommit --overlap bash -c 'echo $SLURMD_NODENAME $SLURM_PROCID $SLURM_LOCALID $SLURM_NODEID $SLURM_TASKS_PER_NODE $SLURM_GTIDS'
show srun -n6 --overlap true
show srun -N2 -n1 --overlap true
show srun -N6 --overlap true
show srun -N1 -n1 -w node9 --overlap true
show srun -N1 -n1 -w node5 --overlap true
show srun -N4 --label --overlap bash -c 'echo hi $SLURM_PROCID; echo err $SLURM_PROCID >&2'

show srun -N4 --overlap bash -c '[ $SLURM_PROCID = 1 ] && exit 3; sleep 0.2'
show srun -N4 --overlap bash -c '[ $SLURM_PROCID = 1 ] && exit 9; [ $SLURM_PROCID = 2 ] && exit 3; exit 0'
show srun -N4 --overlap -K1 bash -c '[ $SLURM_PROCID = 1 ] && exit 3; sleep 20'
show srun -N4 --overlap --kill-on-bad-exit=1 bash -c '[ $SLURM_PROCID = 1 ] && exit 3; sleep 20'
show srun -N4 --overlap -K bash -c '[ $SLURM_PROCID = 1 ] && exit 3; sleep 20'
show srun -N4 --overlap -K0 bash -c '[ $SLURM_PROCID = 1 ] && exit 3; sleep 0.2'
show srun -N4 --overlap -K1 bash -c 'trap "echo told; exit 0" TERM; [ $SLURM_PROCID = 1 ] && { sleep 0.5; exit 3; }; sleep 20 & wait'
show srun -N4 --overlap -K1 bash -c '[ $SLURM_PROCID = 1 ] && kill -KILL $$; sleep 20'
show srun -N4 --overlap -K1 bash -c '[ $SLURM_PROCID = 1 ] && exit 0; sleep 0.5'
show srun -N4 --overlap bash -c '[ $SLURM_PROCID = 1 ] && kill -KILL $$; sleep 0.2'
show srun -N4 --overlap bash -c '[ $SLURM_PROCID = 1 ] && kill -TERM $$; sleep 0.2'
show srun -N4 --overlap bash -c '[ $SLURM_PROCID = 1 ] && kill -SEGV $$; [ $SLURM_PROCID = 2 ] && exit 5; sleep 0.2'
show srun -N4 --overlap -W1 bash -c '[ $SLURM_PROCID = 1 ] && exit 0; sleep 20'
show srun -N2 -n2 --overlap -K1 bash -c 'trap "" TERM; [ $SLURM_PROCID = 1 ] && exit 3; while :; do sleep 0.2; done'

show srun -N1 -n1 --overlap nope
show srun -N1 -n1 --overlap ./nope
show srun -N1 -n1 --overlap /etc/passwd
show srun --overlap
show srun --bogus true
show srun --nodes
show srun -N1 -n1 --overlap -K 1 true
show srun -N1 -n1 --overlap --kill-on-bad-exit=x true
show srun --jobid=999999 true
