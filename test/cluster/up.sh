#!/usr/bin/env bash
# Brings up a real Slurm of N nodes on this machine, with a login node behind a bastion. Needs root.
set -euo pipefail
umask 022

usage() {
  cat <<'END'
usage: up.sh [--nodes N] [--name NAME] [--gpus N] [--kill-wait S] [--slurmd-timeout S] [--proctrack KIND]
             [--domain NAME] [--tools FOLDER] [--accounting] [--min-job-age S] [--root FOLDER]
             [--switches NODES | --blocks NODES] [--json]
  --nodes           1 to 33; default 8
  --name            of the cluster; default dev
  --gpus            of each node; default 8
  --kill-wait       Slurm's KillWait in seconds; default 30, as Slurm's own
  --proctrack       cgroup, the default where there are freezer cgroups, or linuxproc
  --domain          Slurm's names of the nodes are node1.NAME and so on; default node1
  --slurmd-timeout  seconds until a silent node is down; default 60
  --accounting      a slurmdbd over a MariaDB; limits are enforced. Installs both
  --min-job-age     seconds that the queue knows a job that has ended; default 30
  --root            a Debian of another release, whose Slurm and programs all boxes use; see root.sh
  --switches        Slurm knows the network: '1,3 2,4' are two leaf switches, of node1 and node3, and of node2 and node4
  --blocks          the same as blocks of equal size, which Slurm has since 23.11
  --tools           folder of `dyn-slurm setup`; default the newest in ~/.cache/dyn-slurm
  --json            prints the cluster as JSON instead of how to use it
END
}

. "$(dirname "${BASH_SOURCE[0]}")/box.sh"
. "$HERE/place.sh"
. "$HERE/packages.sh"
. "$HERE/network.sh"
. "$HERE/slurm-conf.sh"
. "$HERE/accounts.sh"
. "$HERE/people.sh"
. "$HERE/description.sh"

NAME=dev NODES=8 GPUS=8 KILL_WAIT=30 SLURMD_TIMEOUT=60 MIN_JOB_AGE=30 DOMAIN='' SWITCHES='' BLOCKS='' ACCOUNTING='' JSON='' TOOLS='' PROCTRACK=cgroup ROOT=''
while (($#)); do
  case $1 in
    --json) JSON=1 ;;
    --nodes) NODES=$2 && shift ;;
    --name) NAME=$2 && shift ;;
    --gpus) GPUS=$2 && shift ;;
    --kill-wait) KILL_WAIT=$2 && shift ;;
    --slurmd-timeout) SLURMD_TIMEOUT=$2 && shift ;;
    --domain) DOMAIN=.$2 && shift ;;
    --switches) SWITCHES=$2 && shift ;;
    --blocks) BLOCKS=$2 && shift ;;
    --min-job-age) MIN_JOB_AGE=$2 && shift ;;
    --accounting) ACCOUNTING=1 ;;
    --root) ROOT=$(realpath "$2") && shift ;;
    --proctrack) PROCTRACK=$2 && shift ;;
    --tools) TOOLS=$2 && shift ;;
    --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done
[[ $NAME =~ ^[a-z][a-z0-9-]{0,30}$ && $NODES =~ ^[1-9][0-9]?$ && $NODES -le 33 ]] || { usage >&2 && exit 2; }
# Boxes have a /tmp of their own.
unset TMPDIR
((EUID == 0)) || { echo 'only root can make namespaces with addresses of their own' >&2 && exit 1; }

# create: everything but the boxes.
create() {
  make_place
  write_people
  write_sshd_conf
  write_node_tools
  write_profiles
  write_slurm_conf
  write_topology
  [[ -z $ACCOUNTING ]] || write_slurmdbd_conf
  write_hosts
  build_plugins
  save
}

# join BOX: gives it its network.
join() {
  case $1 in
    hub) lay_cables ;;
    ctl) connect ctl "$SUBNET.2" ;;
    login) connect login "$SUBNET.3" ;;
    bastion) connect bastion "$SUBNET.4" ;;
    db) connect db "$SUBNET.5" ;;
    laptop) connect_laptop ;;
    node*) connect "$1" "$SUBNET.$((10 + ${1#node}))" ;;
  esac
}

# serve BOX: starts what it is there for, where that does not run yet.
serve() {
  case $1 in
    hub) runs hub munged || start_munge ;;
    db) start_accounting ;;
    ctl) runs ctl slurmctld || enter ctl slurmctld ;;
    login | bastion) runs "$1" sshd || enter "$1" /usr/sbin/sshd -f "$STATE/ssh/sshd_$1" -E "$STATE/log/sshd-$1.log" ;;
    node*) runs "$1" slurmd || enter "$1" slurmd -N "$1$DOMAIN" ;;
  esac
}

runs() {
  enter "$1" pgrep -x "$2" >/dev/null
}

give_up() {
  echo "cluster $NAME did not come up" >&2
  grep -hE 'fatal|error' "$STATE"/log/{slurmctld,slurmdbd,sshd-*}.log "$STATE"/boxes/*/log 2>/dev/null |
    tail -n 10 >&2 || true
  take_down
}

install_packages
lock_place
STATE=$PLACE/$NAME
wanted=$NODES
if [[ -e $STATE/cluster.env ]]; then
  # shellcheck source=/dev/null
  . "$STATE/cluster.env"
  if ((NODES != wanted)); then
    echo "cluster $NAME is up with $NODES nodes; take it down first: npm run cluster:down" >&2
    exit 1
  fi
else
  trap give_up EXIT
  rm -rf --one-file-system "$STATE"
  create
fi

mapfile -t nodes < <(seq -f 'node%g' "$NODES")
boxes=(hub ${ACCOUNTING:+db} ctl login bastion laptop "${nodes[@]}")
dead=()
for box in "${boxes[@]}"; do
  box_pid "$box" >/dev/null || dead+=("$box")
done
# All cables end in the hub.
[[ ${dead[0]:-} != hub ]] || dead=("${boxes[@]}")
stop_box "${dead[@]}"
for box in "${dead[@]}"; do start_box "$box"; done
for box in "${dead[@]}"; do await_box "$box"; done
for box in "${dead[@]}"; do join "$box"; done
serve hub
# slurmctld ends at once where it cannot keep accounts as it was told to.
[[ -z $ACCOUNTING ]] || serve db
for box in "${boxes[@]}"; do serve "$box" & done
wait
await_nodes 30
trap - EXIT
describe
