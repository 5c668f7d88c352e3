# shellcheck shell=bash
# Binds the plan's node indices to hosts, and asks every host whether it is fit for its part.

# Seconds that all nodes have to answer in: nvidia-smi alone takes several on an idle node.
ANSWER_TIME=120
# Milliseconds that clocks may differ by unsaid. They tell which of two processes failed first, and nothing else.
SKEW=2000
declare -A ADDRESS=() CLOCK=()
# What nodes say, as `problem TEXT` or `warning TEXT` in the order of arrival, and by that the nodes that say so.
FINDINGS=()
declare -A FOUND_ON=()

# bind_nodes COUNT INTERFACE: sets NODE and NODE_IP by index, and hands both to the steps. Ends the job where a node is
# not as preflight.sh, if there is one, says that the job needs it.
bind_nodes() {
  local want=$1 interface=$2 index list='' unfit
  mapfile -t NODE < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
  ((${#NODE[@]} == want)) || end failed "the plan needs $want nodes, the allocation $SLURM_JOB_NODELIST has ${#NODE[@]}"
  export DYN_SLURM_NODES="${NODE[*]}"
  read_ports
  ask_nodes "$interface"
  move_ports
  NODE_IP=()
  for index in "${!NODE[@]}"; do
    judge "${NODE[$index]}" "$interface"
    NODE_IP+=("${ADDRESS[${NODE[$index]}]:-}")
    list+=",{\"index\":$index,\"host\":$(json_text "${NODE[$index]}"),\"ip\":\"${NODE_IP[$index]}\"}"
  done
  unfit=$(unfit)
  if [[ -e $RUN_DIR/preflight.sh || -n $unfit ]]; then
    event preflight problems:="$(findings problem)" warnings:="$(findings warning)" seconds:="$(since_start)"
  fi
  [[ -z $unfit ]] || end failed "$unfit"
  export DYN_SLURM_NODE_IPS="${NODE_IP[*]}"
  event nodes-bound nodes:="[${list#,}]"
}

# ask_nodes INTERFACE: one short step on all nodes; each says line by line what node.sh finds.
ask_nodes() {
  local host word text asking
  ASKED=$(date +%s%3N)
  # srun's own messages stay on stderr: merged into an address they lost jobs (ishandhanani/srt-slurm#250).
  # shellcheck disable=SC2016 # the nodes' bash expands its own arguments
  timeout "$ANSWER_TIME" srun --nodes="${#NODE[@]}" --ntasks="${#NODE[@]}" --ntasks-per-node=1 --job-name=preflight \
    --overlap --mpi=none --cpu-bind=none --input=none bash -c '
      [[ -r $0 ]] && exec bash "$0" "$@"
      echo "$SLURMD_NODENAME problem cannot read the run folder"' "$RUN_DIR/node.sh" "$1" \
    >"$ATTEMPT_DIR/state/answers" 2>"$ATTEMPT_DIR/state/preflight.srun" &
  asking=$!
  # A signal ends the wait, not srun.
  while kill -0 "$asking" 2>/dev/null; do
    wait "$asking"
  done
  ANSWERED=$(date +%s%3N)
  cat "$ATTEMPT_DIR/state/preflight.srun" >&2
  while read -r host word text; do
    case $word in
      address) ADDRESS[$host]=$text ;;
      clock) [[ ! $text =~ ^[0-9]+$ ]] || CLOCK[$host]=$text ;;
      problem | warning) note "$word" "$host" "$text" ;;
      taken) note_taken "$host" "${text%% *}" "${text#* }" ;;
      busy) note_busy "$text" ;;
    esac
  done <"$ATTEMPT_DIR/state/answers"
  ((${#CLOCK[@]} + ${#FINDINGS[@]})) ||
    end failed "no node could be asked whether it is fit: $(step_said preflight '^srun: error')"
}

# note problem|warning HOST TEXT
note() {
  local finding="$1 $3"
  [[ -n ${FOUND_ON[$finding]:-} ]] || FINDINGS+=("$finding")
  FOUND_ON[$finding]+=" $2"
}

# judge HOST INTERFACE: what its answer leaves open. It read its clock, last of all, between ASKED and ANSWERED.
judge() {
  local host=$1 address=${ADDRESS[$1]-none} clock=${CLOCK[$1]:-}
  if [[ -z $clock ]]; then
    [[ " ${FOUND_ON[*]} " == *" $host "* ]] || note problem "$host" "gave no full answer in $ANSWER_TIME s"
    return
  fi
  [[ $address =~ ^[0-9.]+$ ]] ||
    note problem "$host" "must have one IPv4 address on interface $2, it has: ${address:-none}"
  if ((clock < ASKED - SKEW)); then
    note warning "$host" "has a clock that is $(((ASKED - clock) / 1000)) s behind the head node's"
  elif ((clock > ANSWERED + SKEW)); then
    note warning "$host" "has a clock that is $(((clock - ANSWERED) / 1000)) s ahead of the head node's"
  fi
}

# findings problem|warning: as a JSON list, each text with its nodes.
findings() {
  local finding list=''
  local -a hosts
  for finding in "${FINDINGS[@]}"; do
    [[ ${finding%% *} == "$1" ]] || continue
    read -ra hosts <<<"${FOUND_ON[$finding]}"
    list+=",{\"text\":$(json_text "${finding#* }"),\"nodes\":$(json_list "${hosts[@]}")}"
  done
  printf '[%s]' "${list#,}"
}

# unfit: the first few problems in a sentence; nothing where there is none.
unfit() {
  local finding said='' count=0 hosts
  for finding in "${FINDINGS[@]}"; do
    [[ $finding == problem* ]] || continue
    ((++count <= 3)) || continue
    hosts=${FOUND_ON[$finding]# }
    said+="; ${hosts// /, } ${finding#* }"
  done
  ((count <= 3)) || said+="; and $((count - 3)) more"
  printf '%s' "${said#; }"
}
