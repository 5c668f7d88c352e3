# shellcheck shell=bash
# Binds the plan's node indices to hosts, and asks every host whether it fits its part of the plan.

# Seconds that all nodes have to answer in: nvidia-smi alone takes several on an idle node.
ANSWER_TIME=120
# Seconds after which nodes are asked again whose step failed sooner: those that have just been started may fail the first.
ASK_AGAIN=(1 3)
# Milliseconds by which clocks may differ without a warning. They are used only to tell which of two processes failed first.
SKEW=2000
# By node, what it has said, and when it was asked, and had answered, in ms since 1970.
declare -A ADDRESS=() INTERFACE=() CLOCK=() ASKED=() ANSWERED=()
# By node, milliseconds that its clock is ahead of the head node's; only where that is worth a warning.
declare -A AHEAD=()
# What nodes say, as `problem TEXT` or `warning TEXT` in the order of arrival, and by that the nodes that say so.
FINDINGS=()
declare -A FOUND_ON=()
# By node, what is wrong with the node itself; other problems may as well be the job's.
declare -A FAULT=()
# 0 while nodes are asked. Steps that are launched in the meantime wait on their nodes.
BOUND=1
# What each answer of a node begins with, to tell it from what a prolog of the site prints.
MARK=''
# 1 once the answers to the preflight have been read.
HEARD=0
INTERFACES=()
# The column of movable-ports.txt that counts, where there is one.
PORTS_COLUMN=0

# find_nodes COUNT INTERFACE...: sets NODE by index, and asks all of them in one short step in the background; but not those
# that were bound before, because what runs there would fail the preflight.
find_nodes() {
  ! recall_nodes || return 0
  INTERFACES=("${@:2}")
  mapfile -t NODE < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
  ((${#NODE[@]} == $1)) || end failed "the plan needs $1 nodes, the allocation $SLURM_JOB_NODELIST has ${#NODE[@]}"
  ! has racks || seat_nodes
  export DYN_SLURM_NODES="${NODE[*]}"
  ! has ports || ports_place 0
  BOUND=0
  # Tasks keep opening it; a file system that caches folders would not show them a file that is made later.
  : >"$ATTEMPT_DIR/state/bound"
  ASK_FROM=$SECONDS
  ask "${NODE[@]}"
  ! has racks || settle_nodes
}

# ask HOST...: each of them says line by line what node.sh finds.
ask() {
  local list host NOW left=$((ASK_FROM + ANSWER_TIME - SECONDS))
  # For timeout, 0 is no limit.
  ((left > 0)) || left=1
  printf -v list '%s,' "$@"
  MARK=$(random_hex)
  now
  for host in "$@"; do
    ASKED[$host]=$NOW
  done
  # srun's own messages stay on stderr: merged into an address they lost jobs (ishandhanani/srt-slurm#250).
  # Their steps' environment is looked at, too.
  # shellcheck disable=SC2016 # the nodes' bash expands its own arguments
  DYN_SLURM_RUNTIME_FILES=${RUNTIME_FILES[*]} run_with_preamble timeout "$left" srun --nodes=$# --ntasks=$# --ntasks-per-node=1 \
    --nodelist="${list%,}" --job-name=preflight --overlap --mpi=none --cpu-bind=none --input=none bash -c '
      [[ ! -r $0 ]] || { . "$0" "$@"; exit; }
      printf "$1 $SLURMD_NODENAME %s\n" "problem cannot read the run folder" clock' \
    "$RUN_DIR/runtime/node.sh" "$MARK" "${INTERFACES[@]}" \
    >"$ATTEMPT_DIR/state/answers" 2>"$ATTEMPT_DIR/state/preflight.srun" &
  ASKING=$!
}

# bind_nodes: sets NODE_IP by index, and ports, once all nodes have answered, and lets the steps begin. Ends the job where a
# node does not have what preflight.sh, if there is one, asks for.
bind_nodes() {
  local host name unfit list=''
  local -a interfaces=()
  ((!BOUND)) || return 0
  ((HEARD)) || hear_nodes
  ! has ports || ports_move
  NODE_IP=()
  for host in "${NODE[@]}"; do
    judge "$host"
    list+=",{\"index\":${#NODE_IP[@]},\"host\":$(json_text "$host"),\"ip\":\"${ADDRESS[$host]:-}\"}"
    NODE_IP+=("${ADDRESS[$host]:-}")
    interfaces+=("${INTERFACE[$host]:--}")
  done
  unfit=$(unfit)
  if [[ -e $RUN_DIR/preflight.sh || -n $unfit ]]; then
    event preflight problems:="$(findings problem)" warnings:="$(findings warning)" blamed:="$(blamed)" \
      seconds:="$(since_start)"
  fi
  [[ -z $unfit ]] || end failed "$unfit"
  ! has racks || check_spans
  [[ -z $TLS ]] || make_certificate
  export DYN_SLURM_NODE_IPS="${NODE_IP[*]}" DYN_SLURM_NODE_INTERFACES="${interfaces[*]}"
  BOUND=1
  # Tasks read the first three lines, and recall_nodes all.
  printf '%s\n' "${NODE_IP[*]}" "${DYN_SLURM_PORTS:-}" "${interfaces[*]}" "${NODE[*]}" "$PORTS_COLUMN" >"$ATTEMPT_DIR/state/bound"
  event nodes-bound nodes:="[${list#,}]"
  for name in "${STEPS[@]}"; do
    tell_started "$name"
  done
}

# hear_nodes: reads what they answer, and asks those again that could not be asked.
hear_nodes() {
  local pause
  local -a silent=() late=()
  for pause in "${ASK_AGAIN[@]}" ''; do
    hear_answers
    mapfile -t silent < <(silent_nodes)
    [[ ${#silent[@]} -gt 0 && -n $pause ]] || break
    ((SECONDS + pause < ASK_FROM + ANSWER_TIME)) || break
    late=("${silent[@]}")
    sleep "$pause"
    ask "${silent[@]}"
  done
  WAITED=$((SECONDS - ASK_FROM))
  ((${#CLOCK[@]} + ${#FINDINGS[@]})) || end failed "no node could be asked whether it is fit: $(srun_said)"
  # Their steps may have failed as the question did.
  ((${#late[@]} == 0 || ${#silent[@]} > 0)) || start_again "${late[@]}"
}

# hear_answers: reads the answers of the nodes asked last, once their step has ended.
hear_answers() {
  local line host word text address interface NOW
  wait_for "$ASKING"
  now
  cat "$ATTEMPT_DIR/state/preflight.srun" >&2
  while IFS= read -r line; do
    # What was printed before it may have left its line open.
    [[ $line == *"$MARK "* ]] || continue
    read -r host word text <<<"${line#*"$MARK "}"
    ANSWERED[$host]=$NOW
    case $word in
      address)
        read -r address interface <<<"$text"
        ADDRESS[$host]=$address INTERFACE[$host]=$interface
        ;;
      domain) DOMAIN[$host]=$text ;;
      clock) [[ ! $text =~ ^[0-9]*$ ]] || CLOCK[$host]=$text ;;
      fault)
        note problem "$host" "$text"
        FAULT[$host]=${FAULT[$host]:-$text}
        ;;
      problem | warning) note "$word" "$host" "$text" ;;
      taken) PORTS_TAKEN+=("$host $text") ;;
      busy) PORTS_BUSY[text]=1 ;;
    esac
  done <"$ATTEMPT_DIR/state/answers"
}

# silent_nodes: those that have not given a whole answer.
silent_nodes() {
  local host
  for host in "${NODE[@]}"; do
    [[ -n ${CLOCK[$host]+said} ]] || printf '%s\n' "$host"
  done
}

# srun_said [HOST]: why the last step of the preflight failed: srun's line about the host, or else its first one.
srun_said() {
  local line said=''
  while IFS= read -r line; do
    [[ $line == 'srun: error: '* || $line == slurmstepd*': error: '* ]] || continue
    said=${said:-$line}
    [[ -n ${1:-} && $line =~ (^|[^[:alnum:].-])"$1"($|[^[:alnum:]-]) ]] || continue
    said=$line
    break
  done <"$ATTEMPT_DIR/state/preflight.srun"
  printf '%s' "${said:-srun said nothing}"
}

# note problem|warning HOST TEXT
note() {
  local finding="$1 $3"
  [[ -n ${FOUND_ON[$finding]:-} ]] || FINDINGS+=("$finding")
  [[ "${FOUND_ON[$finding]:-} " == *" $2 "* ]] || FOUND_ON[$finding]+=" $2"
}

# judge HOST: notes that its answer is incomplete, or its clock wrong. It read its clock, at the end of its answer, between being
# asked and the end of its srun.
judge() {
  local host=$1 clock=${CLOCK[$1]-none} ahead=0 how=ahead
  if [[ $clock == none ]]; then
    FAULT[$host]="gave no full answer in $WAITED s: $(srun_said "$host")"
    note problem "$host" "${FAULT[$host]}"
  # A node that could not be asked has no clock.
  elif [[ -n $clock ]]; then
    ((clock >= ASKED[$host] - SKEW)) || ahead=$((clock - ASKED[$host])) how=behind
    ((clock <= ANSWERED[$host] + SKEW)) || ahead=$((clock - ANSWERED[$host]))
    ((ahead)) || return 0
    AHEAD[$host]=$ahead
    note warning "$host" "has a clock that is $((${ahead#-} / 1000)) s ${how/ahead/ahead of} the head node's"
  fi
}

# findings problem|warning: as a JSON list, each text with its nodes.
findings() {
  local finding list=''
  local -a hosts
  for finding in "${FINDINGS[@]}"; do
    [[ $finding == "$1 "* ]] || continue
    read -ra hosts <<<"${FOUND_ON[$finding]}"
    list+=",{\"text\":$(json_text "${finding#* }"),\"nodes\":$(json_list "${hosts[@]}")}"
  done
  printf '[%s]' "${list#,}"
}

# unfit: the first three problems as a sentence; nothing where there is none.
unfit() {
  local finding said='' count=0 hosts text
  for finding in "${FINDINGS[@]}"; do
    [[ $finding == problem* ]] || continue
    ((++count <= 3)) || continue
    hosts=${FOUND_ON[$finding]# }
    text=${finding#* }
    [[ $hosts != *' '* ]] || plural_verb
    said+="; ${hosts// /, } $text"
  done
  ((count <= 3)) || said+="; and $((count - 3)) more"
  printf '%s' "${said#; }"
}

# plural_verb: makes the verb of text plural, for several nodes: "has" becomes "have".
plural_verb() {
  local verb=${text%% *}
  case $verb in
    has) verb=have ;;
    *sses) verb=${verb%es} ;;
    *s) verb=${verb%s} ;;
  esac
  text="$verb ${text#* }"
}

# blame_cause: blames the node of CAUSE, where the line that says why is about its hardware.
blame_cause() {
  [[ -n ${CAUSE[node]:-} && -n ${CAUSE[line]:-} ]] || return 0
  ((${#SIGNATURE_PATTERN[@]})) || read_patterns
  [[ ! ${CAUSE[line]} =~ ${FORM[node_fault]:-^$} ]] || FAULT[${CAUSE[node]}]=${CAUSE[line]}
}

# is_blamed: whether single nodes are to blame. What all of several nodes have is more likely the job's or the site's fault.
is_blamed() {
  ((${#FAULT[@]} && (${#FAULT[@]} < ${#NODE[@]} || ${#NODE[@]} == 1)))
}

# blamed: the nodes at fault as a JSON list; nothing where there is none.
blamed() {
  local host list=''
  is_blamed || return 0
  for host in "${NODE[@]}"; do
    [[ -z ${FAULT[$host]:-} ]] || list+=",{\"node\":$(json_text "$host"),\"reason\":$(json_text "${FAULT[$host]}")}"
  done
  printf '[%s]' "${list#,}"
}

# spare_retries: keeps jobs that wait for this one to fail, as retries do, off the nodes that made it fail.
spare_retries() {
  local id after nodes job excluded
  is_blamed || return 0
  printf -v nodes '%s,' "${!FAULT[@]}"
  while IFS='|' read -r id after; do
    [[ $after =~ afternotok:$SLURM_JOB_ID([^0-9]|$) ]] || continue
    job=$(timeout 10 scontrol show job "$id" 2>/dev/null)
    excluded=''
    [[ ! $job =~ ExcNodeList=([^[:space:]]+) || ${BASH_REMATCH[1]} == '(null)' ]] || excluded=${BASH_REMATCH[1]},
    timeout 10 scontrol update JobId="$id" ExcNodeList="$excluded${nodes%,}" >/dev/null 2>&1 ||
      echo "dyn-slurm: cannot keep job $id from ${nodes%,}" >&2
  done < <(timeout 10 squeue --noheader --me --states=PENDING --format='%i|%E' 2>/dev/null)
}
