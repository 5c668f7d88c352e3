#!/bin/bash
#SBATCH --nodes=4 --ntasks=4
#SBATCH --export=NONE
# What the batch script and tasks find in their environment.
. ./show.sh

known='^(BAR|ENVIRONMENT|FOO|SECRET|SLURMD_NODENAME|SLURM_EXPORT_ENV|SLURM_GTIDS|SLURM_JOBID|SLURM_JOB_ACCOUNT|SLURM_JOB_CPUS_PER_NODE|SLURM_JOB_ID|SLURM_JOB_NAME|SLURM_JOB_NODELIST|SLURM_JOB_NUM_NODES|SLURM_JOB_PARTITION|SLURM_LOCALID|SLURM_NNODES|SLURM_NODEID|SLURM_NODELIST|SLURM_NPROCS|SLURM_NTASKS|SLURM_NTASKS_PER_NODE|SLURM_PROCID|SLURM_RESTART_COUNT|SLURM_STEPID|SLURM_STEP_ID|SLURM_STEP_NODELIST|SLURM_STEP_NUM_NODES|SLURM_STEP_NUM_TASKS|SLURM_STEP_TASKS_PER_NODE|SLURM_TASKS_PER_NODE)='
variables="env | grep -E '$known'"
export FOO=foo
echo 'the batch script:'
eval "$variables" | sort | plain
echo 'HOME PATH USER:' ${HOME:+set} ${PATH:+set} ${USER:+set}

one='-N1 -n1 -w node2 --overlap'
task() { srun $one "$@" /bin/bash -c "$variables" | sort | plain; }
echo 'a task, without SLURM_EXPORT_ENV=ALL:'
task
show srun $one bash -c true
export SLURM_EXPORT_ENV=ALL
echo 'and with it:'
task
echo 'and a name:'
task --job-name=named
echo 'with --export=NONE:'
task --export=NONE
echo 'with --export=FOO,BAR=3:'
task --export=FOO,BAR=3
echo 'with --export=ALL,BAR=3:'
task --export=ALL,BAR=3
echo 'four tasks of the job’s own count:'
show srun --overlap bash -c 'echo $SLURM_PROCID $SLURM_NTASKS $SLURM_NNODES'
echo 'the job’s count meets a step of two nodes:'
show srun -N2 --ntasks-per-node=1 -w node1,node2 --overlap true
