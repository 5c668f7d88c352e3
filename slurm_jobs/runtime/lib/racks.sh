# shellcheck shell=bash disable=SC2034,SC2153 # the parts of lib.sh share their variables
# Which node gets which index: the nodes of a worker are to be in one NVLink domain, or at least behind one switch. Slurm
# lists nodes by name, and names need not follow racks.

# The workers with several nodes, each as NAME INDEX...; the nodes in Slurm's order; and by node the rack that it is in, as far
# as it is known.
SPANS=() GIVEN=()
declare -A RACK=() DOMAIN=()
# What racks are, by who told: Slurm's blocks or leaf switches, or what nvidia-smi says of NVLink.
RACK_KIND=''
# Nodes that Slurm was asked to take from one block.
SEGMENT=0

# span NAME INDEX...: a worker, and its nodes.
span() {
  SPANS+=("$*")
}

# expect_racks SEGMENT: the GPUs of several nodes may be in one NVLink domain.
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
  local host rack at index splits=0 tries=0
  local home=${RACK[${GIVEN[0]}]:--}
  local -a racks=() parts=() sizes=() places=() words=()
  local -A hosts=() room=() owner=() left=()
  NODE=("${GIVEN[@]}")
  for host in "${GIVEN[@]}"; do
    rack=${RACK[$host]:--}
    [[ -n ${room[$rack]:-} ]] || racks+=("$rack")
    hosts[$rack]+="$host "
    ((++room[$rack]))
  done
  ((${#racks[@]} > 1)) || return 0
  mapfile -t parts < <(list_parts)
  left[rest]=" ${!NODE[*]} "
  for at in "${!parts[@]}"; do
    left[$at]="${parts[$at]} "
    read -ra words <<<"${parts[$at]}"
    sizes[at]=${#words[@]}
    for index in "${words[@]}"; do
      left[rest]=${left[rest]/ $index / }
    done
  done
  left[rest]=${left[rest]# }
  if [[ ${parts[0]} == '0 '* ]]; then
    take_from "$home" 0
    ((--sizes[0]))
  else
    take_from "$home" rest
  fi
  until place 0; do
    ((++splits))
  done
  for at in "${!parts[@]}"; do
    rack=${places[$at]:-$home}
    for ((index = 0; index < sizes[at]; index++)); do
      if [[ -n ${places[$at]} ]]; then
        # It has kept its room.
        ((++room[$rack]))
      elif ((room[$rack] == 0)); then
        for host in "${racks[@]}"; do
          ((room[$host] <= room[$rack])) || rack=$host
        done
      fi
      take_from "$rack" "$at"
    done
  done
  for host in "${GIVEN[@]}"; do
    at=${owner[$host]:-rest}
    NODE[${left[$at]%% *}]=$host
    left[$at]=${left[$at]#* }
  done
}

# list_parts: the node indices of each worker, that of the head node first, then the largest.
list_parts() {
  local entry
  local -a words
  for entry in "${SPANS[@]}"; do
    read -ra words <<<"$entry"
    printf '%d %d %s\n' "$((words[1] == 0))" "${#words[@]}" "${words[*]:1}"
  done | sort -k1,1nr -k2,2nr -s | cut -d ' ' -f 3-
}

# take_from RACK OWNER: its next host is the owner's.
take_from() {
  owner[${hosts[$1]%% *}]=$2
  hosts[$1]=${hosts[$1]#* }
  ((--room[$1])) || true
}

# place AT: finds racks for the worker AT of `parts` and those after it, the fullest first, with at most `splits` that have
# none; fails where there are none. After so many tries, what comes gets what is there.
place() {
  local rack wanted size=${sizes[$1]:-}
  [[ -n $size ]] || return 0
  ((++tries < 500)) || splits=${#sizes[@]}
  for ((wanted = size; wanted < ${#NODE[@]}; wanted++)); do
    for rack in "${racks[@]}"; do
      ((room[$rack] == wanted)) || continue
      [[ ${parts[$1]} != '0 '* || $rack == "$home" ]] || continue
      places[$1]=$rack
      ((room[$rack] -= size))
      ! place "$(($1 + 1))" || return 0
      ((room[$rack] += size))
      # Another with as much room would be no better.
      break
    done
  done
  ((splits > 0)) || return 1
  places[$1]=''
  ((--splits))
  ! place "$(($1 + 1))" || return 0
  ((++splits))
  return 1
}

# settle_nodes: before anything is launched, where NVLink reaches from node to node: what the nodes say of their domains goes
# before Slurm's topology. Nodes that get another index by that are asked again, for what their new part needs.
settle_nodes() {
  local before=${NODE[*]} host
  hear_nodes
  for host in "${!DOMAIN[@]}"; do
    RACK[$host]=${DOMAIN[$host]}
    RACK_KIND='NVLink domains'
  done
  HEARD=1
  ((${#DOMAIN[@]} && ${#SPANS[@]})) || return 0
  order_by_rack
  [[ ${NODE[*]} != "$before" ]] || return 0
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
