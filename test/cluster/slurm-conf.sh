# shellcheck shell=bash
# Slurm's configuration: what a site with eight GPUs a node would have, on a machine with two cores.

# node_names: Slurm folds names with a number at their end only.
node_names() {
  if [[ -z $DOMAIN ]]; then
    echo "node[1-$NODES]"
  else
    seq -s , -f "node%g$DOMAIN" "$NODES"
  fi
}

# write_topology: which nodes are close to each other, for Slurm.
write_topology() {
  local rack names number=0 conf=$STATE/slurm/topology.conf
  for rack in $SWITCHES $BLOCKS; do
    printf -v names ",node%s$DOMAIN" ${rack//,/ }
    echo "${SWITCHES:+Switch}${BLOCKS:+Block}Name=rack$((++number)) Nodes=${names#,}" >>"$conf"
  done
  if [[ -n $SWITCHES ]]; then
    echo "SwitchName=core Switches=rack[1-$number]" >>"$conf"
    echo TopologyPlugin=topology/tree >>"$STATE/slurm/slurm.conf"
  elif [[ -n $BLOCKS ]]; then
    rack=${BLOCKS%% *}
    echo "BlockSizes=$(wc -w <<<"${rack//,/ }")" >>"$conf"
    echo TopologyPlugin=topology/block >>"$STATE/slurm/slurm.conf"
  fi
}

write_slurm_conf() {
  local proctrack=proctrack/linuxproc
  [[ -z $FREEZER ]] || proctrack=proctrack/cgroup
  cat >"$STATE/slurm/slurm.conf" <<END
ClusterName=$NAME
SlurmctldHost=ctl($SUBNET.2)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$STATE/munge/socket
StateSaveLocation=$STATE/ctl
SlurmdSpoolDir=$STATE/boxes/%h/spool
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=$STATE/log/slurmctld.log
SlurmdLogFile=$STATE/log/%h.log
ProctrackType=$proctrack
TaskPlugin=task/affinity
MpiDefault=none
PlugStackConfig=$STATE/slurm/plugstack.conf
JobSubmitPlugins=lua
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=7000
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
EnforcePartLimits=ALL
GresTypes=gpu
# 64 CPUs and 500 GB are not there.
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=$SLURMD_TIMEOUT
MessageTimeout=10
KillWait=$KILL_WAIT
MinJobAge=$MIN_JOB_AGE
InactiveLimit=0
$(slurm_conf_accounting)
JobCompType=jobcomp/none
NodeName=$(node_names) NodeAddr=$SUBNET.[11-$((10 + NODES))] CPUs=64 Boards=1 SocketsPerBoard=2 CoresPerSocket=32 ThreadsPerCore=1 RealMemory=500000 Gres=gpu:h100:$GPUS Feature=h100,ib State=UNKNOWN
PartitionName=DEFAULT Nodes=ALL State=UP PriorityTier=10 PreemptMode=OFF
PartitionName=batch Default=YES MaxTime=1-00:00:00 DefaultTime=01:00:00
PartitionName=debug MaxTime=00:30:00 MaxNodes=2
PartitionName=scavenge MaxTime=1-00:00:00 PriorityTier=1 PreemptMode=REQUEUE
END
  echo "Name=gpu Type=h100 File=$STATE/gpus/nvidia[0-$((GPUS - 1))]" >"$STATE/slurm/gres.conf"
  {
    # Before 21.08 there was no choice.
    ! compgen -G "$ROOT/usr/lib/*/slurm*/cgroup_v1.so" >/dev/null || echo CgroupPlugin=cgroup/v1
    printf 'CgroupMountpoint=%s\nConstrainCores=no\n' "$STATE/cgroup"
  } >"$STATE/slurm/cgroup.conf"
  echo "required $STATE/lib/pyxis.so $STATE/containers $STATE/roots" >"$STATE/slurm/plugstack.conf"
  cp "$HERE/plugins/job_submit.lua" "$STATE/slurm/"
  local i
  for ((i = 0; i < GPUS; i++)); do
    mknod "$STATE/gpus/nvidia$i" c 195 "$i"
  done
}

start_munge() {
  (umask 077 && head -c 128 /dev/urandom >"$STATE/munge/key")
  enter hub munged --socket="$STATE/munge/socket" --key-file="$STATE/munge/key" --pid-file="$STATE/munge/pid" \
    --log-file="$STATE/munge/log" --seed-file="$STATE/munge/seed"
}

# await_nodes SECONDS: waits until every node can run jobs, or has been drained on purpose, and runs a step from node1.
await_nodes() {
  local until=$((SECONDS + $1)) able=0
  while ((SECONDS < until)); do
    able=$(enter ctl sinfo --noheader --Node --partition=batch --format=%T 2>/dev/null |
      grep -cxE 'idle|mixed|allocated|completing|drained|draining' || true)
    ((able < NODES)) || ! run_step "$((until - SECONDS))" || return 0
    sleep 0.1
  done
  echo "$able of $NODES nodes are in service, and some cannot be used after $1 s; see $STATE/log" >&2
  return 1
}

# run_step SECONDS: on all nodes, without a job, which would wait for those that run.
run_step() {
  enter node1 timeout "$1" srun --no-allocate --quiet --nodes="$NODES" --ntasks="$NODES" --nodelist="$(node_names)" true 2>/dev/null
}
