#!/usr/bin/env bash
# Records what a release of Slurm prints, on a test cluster of its own: `record.sh [ROOT]`, with ROOT of
# test/cluster/root.sh; without it the machine's own release. Needs root, and takes about two minutes.
# shellcheck disable=SC2016 # much of it runs elsewhere
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cluster=$here/../cluster
root=${1:-}
# shellcheck source=../cluster/box.sh
. "$cluster/box.sh"
# shellcheck source=../cluster/place.sh
. "$cluster/place.sh"
NAME=recorded
STATE=$(place)/$NAME

trap '"$cluster/down.sh" --name "$NAME"' EXIT
"$cluster/up.sh" --name "$NAME" --nodes 4 --kill-wait 6 --slurmd-timeout 6 --min-job-age 300 --accounting \
  ${root:+--root "$root"} >/dev/null
out=$STATE/shared/out
mkdir -m 1777 "$out"
release=$(enter ctl slurmctld -V | cut -d ' ' -f 2)
# For what a site without accounting, or without pyxis, says.
sed 's,^AccountingStorageType=.*,AccountingStorageType=accounting_storage/none,; /^Accounting.*=\(limits\|gres\|db\)/d
  s,^PlugStackConfig=.*,PlugStackConfig=/dev/null,' "$STATE/slurm/slurm.conf" >"$STATE/shared/plain.conf"

# as_ada SCRIPT: runs it on the login node.
as_ada() {
  enter login setpriv --reuid=20001 --regid=20001 --init-groups env -i HOME=/home/ada USER=ada PATH=/usr/bin:/bin \
    OUT="$out" PLAIN="$STATE/shared/plain.conf" SLURM_TIME_FORMAT=%s bash -c '
    cd
    # rec NAME COMMAND...: keeps what it prints, where it prints anything.
    rec() {
      local name=$1
      shift
      timeout 60 bash -c "\"\$@\"" rec "$@" >"$OUT/$name.stdout" 2>"$OUT/$name.stderr" </dev/null || true
    }
    queue() { squeue --local --noheader --states=all "--format=%i|%T|%D|%V|%S %e|%N|%k|%r" "$@"; }
    export -f queue
    sub() { sbatch --parsable --output=/dev/null --no-requeue --mem=100M "$@"; }
    '"$1"
}
admin() { enter ctl "$@" >/dev/null; }
# await PATTERN: until ada's queue shows it.
await() {
  local try
  for ((try = 0; try < 300; try++)); do
    ! as_ada 'queue' | grep -qE "$1" || return 0
    sleep 0.2
  done
  echo "no $1 in the queue of $release" >&2
}

# Of sbatch.
as_ada '
  refused() { rec "refused-$1" sbatch --parsable "${@:2}" --wrap true; }
  refused partition --partition=nosuch
  refused constraint --constraint=nosuch
  refused gres --gres=gpu:nosuch:1
  refused gpus --gpus-per-node=64
  refused memory --mem=9000G
  refused reservation --reservation=nosuch
  refused time --time=9-0
  refused bad-time --time=90m
  refused nodes --nodes=900
  refused license --licenses=nosuch
  refused account --account=nosuch
  refused plugin --account=closed
  refused qos --qos=nosuch
  refused dependency --dependency=afterok:99999
  SLURM_CONF=$PLAIN refused pyxis --container-image=x
  refused segment --nodes=4 --segment=4
  printf "#!/bin/bash\r\n" >dos.sh
  rec refused-dos sbatch --parsable dos.sh
  rec test-only sbatch --test-only --nodes=2 --wrap true
  rec submitted sbatch --parsable --output=ended-time-limit.log --time=1 --mem=100M --comment=late \
    --no-requeue --nodelist=node3 --wrap "srun --mem=0 sleep 600 & wait"
'
# What waits, and why.
admin scontrol update nodename=node4 state=drain reason=broken
admin scontrol create reservation reservationname=later starttime=now+1day duration=60 nodes=node4 users=ada
admin sacctmgr --immediate add qos few set MaxJobsPerUser=0
admin sacctmgr --immediate modify user ada set qos+=few
as_ada '
  queued() { sub --exclusive "$@" --wrap "sleep 300" >/dev/null; }
  queued --nodes=2 --nodelist=node1,node2 --comment=dyn-slurm:r1-0a1b2c
  sleep 3
  queued --nodelist=node4
  queued --nodes=3 --comment=dyn-slurm:r2-0a1b2c
  queued --nodelist=node1
  queued --hold
  queued --begin=now+1hour
  queued --dependency=afterok:$(sub --hold --wrap true)
  queued --nodes=2 --partition=debug
  queued --partition=scavenge --time=2:00:00
  queued --reservation=later
  queued --qos=few
  # Which never comes.
  first=$(sub --wrap "exit 1")
  queued --dependency=afterok:$first
'
admin scontrol update partitionname=debug state=down
admin scontrol update partitionname=scavenge maxtime=10
await 'PartitionTimeLimit'
await 'RUNNING.*r1-0a1b2c'
await '(Resources|Priority)$'
as_ada 'rec queue queue; rec queue-own queue --me
  rec queue-gone queue --jobs=99999
  rec queue-one-gone queue --jobs="$(<"$OUT/submitted.stdout"),99999"
  rec scontrol-pending scontrol show job "$(squeue -h -u ada -tPD -o%A -S i | head -n 1)"
  rec test-only-later sbatch --test-only --nodes=3 --exclusive --wrap true
  rec test-only-refused sbatch --test-only --partition=nosuch --wrap true
  rec scancel-bad scancel abc
  rec scancel-gone scancel 99999
  rec hostnames scontrol show hostnames "node[1-3],gpu-[01,03-04]-x,n1.example.org"'

# Ends.
as_ada 'scancel --user=ada --state=PENDING
  scancel $(squeue -h -u ada -o "%i %k" | grep r1- | cut -d " " -f 1)
  sleep 2'
admin scontrol update partitionname=debug state=up
admin scontrol update partitionname=scavenge maxtime=1-0
admin scontrol update nodename=node4 state=resume
admin scontrol delete reservation=later
as_ada '
  rec scontrol-running scontrol show job "$(<"$OUT/submitted.stdout")"
  here() { sub --nodelist=node1 "$@"; }
  here --wrap true >/dev/null
  here --wrap "exit 3" >/dev/null
  here --wrap "kill -SEGV \$\$" >/dev/null
  here --comment=stubborn --wrap "trap : TERM; while :; do sleep 1; done" >stubborn
  sub --comment=suspended --nodelist=node4 --wrap "sleep 300" >suspended
  log() { sub --output="ended-$1.log" --comment="$1" "${@:2}" --wrap "srun --mem=0 sleep 300 & wait" >"$1"; }
  log requeued --nodelist=node1 --requeue
  log cancelled --nodelist=node1
  log node-failure --nodelist=node1,node4
  log preempted --nodelist=node2 --exclusive --partition=scavenge
'
await 'RUNNING.*cancelled'
await 'RUNNING.*node-failure'
await 'RUNNING.*suspended'
await 'RUNNING.*preempted'
sleep 2
admin scontrol suspend "$(<"$STATE/home/ada/suspended")"
admin scontrol requeue "$(<"$STATE/home/ada/requeued")"
as_ada 'scancel "$(<stubborn)"; sub --nodelist=node2 --exclusive --wrap "sleep 2" >/dev/null'
await 'COMPLETING.*stubborn'
as_ada 'rec queue-completing queue; rec scancel-completing scancel "$(<stubborn)"'
enter login setpriv --reuid=20002 --regid=20002 --clear-groups scancel "$(<"$STATE/home/ada/cancelled")" \
  2>"$out/scancel-other.stderr" || true
as_ada 'scancel "$(<cancelled)"'
admin scontrol resume "$(<"$STATE/home/ada/suspended")"
kill -KILL "$(box_pid node4)"

# Steps, of an allocation.
as_ada '
  rec allocate-refused salloc --no-shell --partition=nosuch
  rec allocated salloc --no-shell --nodes=3 --exclude=node4 --gpus-per-node=4 --mem=1000M --job-name=steps
  job=$(grep -o "allocation [0-9]*" "$OUT/allocated.stderr" | tail -n 1 | grep -o "[0-9]*")
  rec scontrol-allocated scontrol --details show job $job
  step() {
    rec "step-$1" srun --jobid=$job --overlap --nodes=3 --ntasks-per-node=1 --kill-on-bad-exit=1 --mpi=none "${@:2}"
  }
  second() { step "$1" bash -c "[[ \$SLURM_PROCID != 1 ]] || { $2; }; exec sleep 30"; }
  srun --jobid=$job --overlap --ntasks=1 --nodes=1 sleep 20 & sleep 2
  rec steps squeue --noheader --steps --jobs=$job "--format=%i|%j"
  second exit "exit 3"
  second segfault "kill -SEGV \$\$"
  second killed "kill -KILL \$\$"
  step no-program /no/such/program
  step no-image --container-image=/none.sqsh true
  step no-mount --container-image=docker://x --container-mounts=/none:/none true
  rec step-srun-terminated timeout 3 srun --jobid=$job --overlap --nodes=3 --ntasks-per-node=1 sleep 30
  (sleep 2; scancel $job) & second allocation-cancelled true
  sleep 1
  rec step-no-allocation srun --jobid=$job --overlap true
  wait
'
await 'NODE_FAIL.*suspended'
await 'TIMEOUT.*late'
as_ada 'rec queue-ended queue; rec scontrol-ended scontrol show job "$(<"$OUT/submitted.stdout")"
  SLURM_CONF=$PLAIN rec sacct-off sacct
  rec sacct sacct --noheader --parsable2 --allocations --format=JobIDRaw,State,NNodes,Submit,Start,NodeList,ExitCode \
    --jobs="$(seq -s, 1 60)"
  rec sacct-gone sacct --noheader --parsable2 --allocations --format=JobIDRaw,State --jobs=99999'
enter ctl sdiag >"$out/sdiag.stdout"
enter db pkill -x slurmdbd
sleep 1
as_ada 'rec sacct-down sacct --noheader --parsable2 --allocations --format=JobIDRaw,State --jobs=1'
# While it ends, and once it has ended.
enter ctl pkill -x slurmctld
for how in reset unreachable; do
  as_ada "
    rec $how queue --jobs=1 &
    rec refused-$how sbatch --parsable --wrap true &
    rec scancel-$how scancel 1 &
    wait"
  while enter ctl pgrep -x slurmctld >/dev/null; do sleep 0.1; done
done

for file in "$STATE"/home/ada/ended-*.log; do
  name=${file##*/}
  cp "$file" "$out/${name%.log}.stderr"
done
mkdir -p "$here/slurm-$release"
find "$out" -type f -empty -delete
for file in "$out"/*; do
  sed "s,$STATE,/cluster,g" "$file" >"$here/slurm-$release/${file##*/}"
done
echo "recorded slurm-$release"
