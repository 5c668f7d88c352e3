# shellcheck shell=bash disable=SC2034,SC2153 # the parts of lib.sh share their variables
# Which node gets which index: the nodes of a worker are to be in one NVLink domain, or at least behind one switch. Slurm
# lists nodes by name, and names need not follow racks.

# The workers with several nodes, each as NAME INDEX..., and by node the rack that it is in, as far as it is known.
SPANS=()
declare -A RACK=() DOMAIN=()
# How nodes are known to be in one NVLink domain: by Slurm's blocks, or by what nvidia-smi says.
BLOCKS_KNOWN=0
# 1 where the GPUs of several nodes may be in one NVLink domain; and nodes that Slurm was asked to take from one block.
RACKS=0 SEGMENT=0
# 1 once the answers to the preflight are heard.
HEARD=0

# span NAME INDEX...: a worker, and its nodes.
span() {
  SPANS+=("$*")
}

# seat_nodes: gives NODE its order. The head node stays the one on which this runs.
seat_nodes() {
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
    [[ ${BASH_REMATCH[1]} != BlockName ]] || BLOCKS_KNOWN=1
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

# order_by_rack: workers get racks into which they fit, the largest worker first, each the fullest that is left to it; the
# worker of the head node gets the head node's. What fits nowhere gets what is left, rack by rack.
order_by_rack() {
  local host rack entry index best
  local -a seats=() words=() order=() racks=()
  local -A free=() size=()
  for host in "${NODE[@]}"; do
    rack=${RACK[$host]:--}
    [[ -n ${free[$rack]:-} ]] || racks+=("$rack")
    free[$rack]+=" $host"
    ((++size[$rack]))
  done
  ((${#racks[@]} > 1)) || return 0
  seats[0]=${NODE[0]}
  take_seat "${RACK[${NODE[0]}]:--}" "${NODE[0]}"
  mapfile -t order < <(for entry in "${SPANS[@]}"; do
    read -ra words <<<"$entry"
    printf '%d %d %s\n' "$((words[1] == 0))" "$((${#words[@]} - 1))" "$entry"
  done | sort -k1,1nr -k2,2nr -s)
  for entry in "${order[@]}"; do
    read -ra words <<<"$entry"
    words=("${words[@]:3}")
    if ((words[0] == 0)); then
      words=("${words[@]:1}")
      best=${RACK[${NODE[0]}]:--}
      ((size[$best] >= ${#words[@]})) || continue
    else
      best=''
      for rack in "${racks[@]}"; do
        ((size[$rack] >= ${#words[@]})) || continue
        [[ -n $best ]] && ((size[$best] <= size[$rack])) || best=$rack
      done
      [[ -n $best ]] || continue
    fi
    for index in "${words[@]}"; do
      host=${free[$best]# }
      seats[index]=${host%% *}
      take_seat "$best" "${seats[$index]}"
    done
  done
  read -ra words <<<"$(for rack in "${racks[@]}"; do printf '%s ' "${free[$rack]}"; done)"
  for index in "${!NODE[@]}"; do
    [[ -z ${seats[$index]:-} ]] || continue
    seats[index]=${words[0]}
    words=("${words[@]:1}")
  done
  NODE=()
  for index in "${!seats[@]}"; do
    NODE+=("${seats[$index]}")
  done
}

# take_seat RACK HOST: it is free no more.
take_seat() {
  free[$1]=" ${free[$1]# } "
  free[$1]=${free[$1]/ "$2" / }
  free[$1]=${free[$1]% }
  ((--size[$1])) || true
}

# settle_nodes: before anything is launched, where NVLink reaches from node to node: what the nodes say of their domains goes
# before Slurm's topology. Nodes that get another index by that are asked again, for what their new part needs.
settle_nodes() {
  local before=${NODE[*]} host
  hear_nodes
  for host in "${!DOMAIN[@]}"; do
    RACK[$host]=${DOMAIN[$host]}
  done
  HEARD=1
  ((${#DOMAIN[@]} && ${#SPANS[@]})) || return 0
  order_by_rack
  [[ ${NODE[*]} != "$before" ]] || return 0
  export DYN_SLURM_NODES="${NODE[*]}"
  CLOCK=() FINDINGS=() FOUND_ON=() ADDRESS=() INTERFACE=()
  HEARD=0
  ASK_FROM=$SECONDS
  ask "${NODE[@]}"
}

# check_spans: a worker in two NVLink domains works, slowly; with `segment` the job asked for better.
check_spans() {
  local entry name index host domain said
  local -a words=()
  local -A hosts=()
  ((RACKS && (${#DOMAIN[@]} || BLOCKS_KNOWN))) || return 0
  for entry in "${SPANS[@]}"; do
    read -ra words <<<"$entry"
    name=${words[0]}
    hosts=()
    for index in "${words[@]:1}"; do
      host=${NODE[$index]}
      domain=${RACK[$host]:-}
      [[ -z $domain ]] || hosts[$domain]+=", $host"
    done
    ((${#hosts[@]} > 1)) || continue
    said=''
    for domain in "${!hosts[@]}"; do
      said+="; ${hosts[$domain]#, } in $domain"
    done
    said="$name is spread over ${#hosts[@]} NVLink domains (${said#; }), between which its ranks talk over the slower network"
    ((SEGMENT < ${#words[@]} - 1)) || end failed "$said, though slurm.segment is $SEGMENT"
    event warning step="$name" reason="$said"
  done
}
