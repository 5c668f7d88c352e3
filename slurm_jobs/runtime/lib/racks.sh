# shellcheck shell=bash
# Which node gets which index: the nodes of a worker are to be in one NVLink domain, or at least behind one switch. Slurm
# lists nodes by name, and names need not follow racks.

# The workers with several nodes, each as NAME INDEX...; the nodes in Slurm's order; and by node the rack that it is in, as far
# as it is known.
SPANS=() GIVEN=()
declare -A RACK=() DOMAIN=()
# 1 where the GPUs of several nodes may be in one NVLink domain.
RACKS=0
# What racks are, by who told: Slurm's blocks or leaf switches, or what nvidia-smi says of NVLink.
RACK_KIND=''
# Nodes that Slurm was asked to take from one block.
SEGMENT=0

# span NAME INDEX...: a worker, and its nodes; that of the head node comes first, then the one with the most nodes.
span() {
  SPANS+=("$*")
}

# expect_racks SEGMENT: sets RACKS.
expect_racks() {
  RACKS=1 SEGMENT=$1
}

# seat_nodes: gives NODE its order. The head node stays the one on which this runs.
seat_nodes() {
  GIVEN=("${NODE[@]}")
  ((${#SPANS[@]})) || return 0
  read_topology
  order_by_rack
}

# read_topology: sets RACK to Slurm's blocks, else to its leaf switches: https://slurm.schedmd.com/topology.html
read_topology() {
  local line list='' host rack='' index=0
  local -a names=()
  while IFS= read -r line; do
    [[ $line =~ ^(BlockName|SwitchName)=([^ ]+)\ .*Nodes=([^ ]+) ]] || continue
    [[ ${BASH_REMATCH[1]} == BlockName || $line == *' Level=0 '* ]] || continue
    if [[ ${BASH_REMATCH[1]} == BlockName ]]; then RACK_KIND=blocks; else RACK_KIND=switches; fi
    names+=("${BASH_REMATCH[2]}")
    # A name that no node has stands before each list, so that one call expands all of them.
    list+=,=$((${#names[@]} - 1)),${BASH_REMATCH[3]}
  done < <(timeout 10 scontrol show topology 2>/dev/null)
  [[ -n $list ]] || return 0
  while IFS= read -r host; do
    if [[ $host == =* ]]; then
      rack=${names[${host#=}]}
    else
      RACK[$host]=$rack
    fi
  done < <(scontrol show hostnames "${list#,}")
}

# order_by_rack: as few workers as possible are spread over several racks. The worker of the head node gets the head node's
# rack; what fits nowhere takes from the racks with most room. srun numbers a step's nodes in Slurm's order, whatever its
# --nodelist says, so the nodes of a worker keep that order.
order_by_rack() {
  local host at splits=0 tries=0 home=${RACK[${GIVEN[0]}]:--}
  # By rack, its hosts that are not seated, and their number. By worker, or `rest`: the indices that are not seated.
  local -a racks=() parts=("${SPANS[@]#* }") sizes=() places=()
  local -A hosts=() room=() owner=() unseated=()
  NODE=("${GIVEN[@]}")
  list_racks
  ((${#racks[@]} > 1)) || return 0
  list_unseated
  if [[ ${parts[0]} == '0 '* ]]; then
    take_from "$home" 0
    ((--sizes[0]))
  else
    take_from "$home" rest
  fi
  until place_worker 0; do
    ((++splits))
  done
  for at in "${!parts[@]}"; do
    seat "$at"
  done
  for host in "${GIVEN[@]}"; do
    at=${owner[$host]:-rest}
    NODE[${unseated[$at]%% *}]=$host
    unseated[$at]=${unseated[$at]#* }
  done
}

list_racks() {
  local host rack
  for host in "${GIVEN[@]}"; do
    rack=${RACK[$host]:--}
    [[ -n ${room[$rack]:-} ]] || racks+=("$rack")
    hosts[$rack]+="$host "
    ((++room[$rack]))
  done
}

list_unseated() {
  local at index
  local -a words
  unseated[rest]=" ${!NODE[*]} "
  for at in "${!parts[@]}"; do
    unseated[$at]="${parts[$at]} "
    read -ra words <<<"${parts[$at]}"
    sizes[at]=${#words[@]}
    for index in "${words[@]}"; do
      unseated[rest]=${unseated[rest]/ $index / }
    done
  done
  unseated[rest]=${unseated[rest]# }
}

# seat AT: the worker AT of `parts` takes its hosts, from its rack, which has kept its room, else from those with most room.
seat() {
  local index host rack=${places[$1]:-$home}
  for ((index = 0; index < sizes[$1]; index++)); do
    if [[ -n ${places[$1]} ]]; then
      ((++room[$rack]))
    elif ((room[$rack] == 0)); then
      for host in "${racks[@]}"; do
        ((room[$host] <= room[$rack])) || rack=$host
      done
    fi
    take_from "$rack" "$1"
  done
}

# take_from RACK OWNER: its next host is the owner's.
take_from() {
  owner[${hosts[$1]%% *}]=$2
  hosts[$1]=${hosts[$1]#* }
  ((--room[$1])) || true
}

# place_worker AT: finds racks for the worker AT of `parts` and those after it, the fullest first, with at most `splits` that have
# none; fails where there are none. After so many tries, what comes gets what is there.
place_worker() {
  local rack wanted size=${sizes[$1]:-}
  [[ -n $size ]] || return 0
  ((++tries < 500)) || splits=${#sizes[@]}
  for ((wanted = size; wanted < ${#NODE[@]}; wanted++)); do
    for rack in "${racks[@]}"; do
      ((room[$rack] == wanted)) || continue
      [[ ${parts[$1]} != '0 '* || $rack == "$home" ]] || continue
      places[$1]=$rack
      ((room[$rack] -= size))
      ! place_worker "$(($1 + 1))" || return 0
      ((room[$rack] += size))
      # Another with as much room would be no better.
      break
    done
  done
  ((splits > 0)) || return 1
  places[$1]=''
  ((--splits))
  ! place_worker "$(($1 + 1))" || return 0
  ((++splits))
  return 1
}

# settle_nodes: before anything is launched, and where NVLink reaches from node to node: what the nodes say of their domains goes
# before Slurm's topology. Nodes that get another index by that are asked again, for what their new part needs.
settle_nodes() {
  local seats=${NODE[*]} host
  ((RACKS)) || return 0
  hear_nodes
  for host in "${!DOMAIN[@]}"; do
    RACK[$host]=${DOMAIN[$host]}
    RACK_KIND='NVLink domains'
  done
  HEARD=1
  ((${#DOMAIN[@]} && ${#SPANS[@]})) || return 0
  order_by_rack
  [[ ${NODE[*]} != "$seats" ]] || return 0
  export DYN_SLURM_NODES="${NODE[*]}"
  CLOCK=() FINDINGS=() FOUND_ON=() ADDRESS=() INTERFACE=() PORTS_TAKEN=() PORTS_BUSY=()
  HEARD=0
  ASK_FROM=$SECONDS
  ask "${NODE[@]}"
}

# check_spans: a worker in two racks works, slowly; with `segment` the job asked for better.
check_spans() {
  local entry name index host rack said
  local -a words=()
  local -A hosts=()
  ((RACKS)) || return 0
  for entry in "${SPANS[@]}"; do
    read -ra words <<<"$entry"
    name=${words[0]}
    hosts=()
    for index in "${words[@]:1}"; do
      host=${NODE[$index]}
      rack=${RACK[$host]:-}
      [[ -z $rack ]] || hosts[$rack]+=", $host"
    done
    ((${#hosts[@]} > 1)) || continue
    said="$name is spread over ${#hosts[@]} $RACK_KIND ("
    for host in "${GIVEN[@]}"; do
      rack=${RACK[$host]:-}
      [[ -n $rack && -n ${hosts[$rack]:-} ]] || continue
      said+="${hosts[$rack]#, } in $rack; "
      unset "hosts[$rack]"
    done
    said="${said%; }), between which its ranks talk over the slower network"
    ((SEGMENT < ${#words[@]} - 1)) || end failed "$said, though slurm.segment is $SEGMENT"
    event warning step="$name" reason="$said"
  done
}
