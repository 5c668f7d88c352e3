# shellcheck shell=bash disable=SC2004,SC2034,SC2153 # it shares the variables of lib.sh
# An interactive session: it starts and stops steps on command, and a worker's end is news rather than the end. session.sh
# sources this after lib.sh, as a step on the head node of an allocation. Commands are files in session/, see obey.

# The allocation ends with the session.
OWNED=''
# 1 once infrastructure answers; while a command is obeyed; where another supervisor was here before.
OPEN=0 OBEYING=0 RESUMED=0
# 1 while all that was started serves.
WHOLE=0
# By name: how many tasks, where it answers, since when it runs (ms), a look at it under way, and when the next is due.
declare -A STEP_TASKS=() ANSWERS_AT=() STEP_SINCE=() LOOK=() LOOK_AT=()
SERVICE_LOOK='' SERVICE_LOOK_AT=0
# Of the time limit, in seconds since 1970, empty where there is none; a look at it under way; when the latest look began,
# and the latest that is over, in seconds of this shell.
LIMIT='' LIMIT_LOOK='' LIMIT_AT=-60 LIMIT_SEEN=''
BEAT_AT=0
# Steps that outlived their supervisor; those that have ended, while something of them is left.
declare -A ADOPTED=() ENDED_STEPS=()
LISTED_AT=0

# begin_session HOSTS owned|borrowed ...: HOSTS with commas; the rest as for begin.
begin_session() {
  local hosts=$1 own=$SLURM_JOB_ID.${SLURM_STEP_ID:-} id name
  OWNED=$2
  shift 2
  leave_step
  SLURM_JOB_NODELIST=$hosts
  SLURM_JOB_NUM_NODES=$(($(tr -cd , <<<"$hosts" | wc -c) + 1))
  mkdir -p "$RUN_DIR/session" "$RUN_DIR/state"
  [[ ! -e $RUN_DIR/state/nodes ]] || RESUMED=1
  list_steps_at_first
  while IFS='|' read -r id name; do
    # Of two that were started at once, the first one stays.
    if [[ $name == session && $id != "$own" ]] && ((${id##*.} < ${own##*.})); then
      echo "the session's supervisor runs already, as step $id"
      exit 0
    fi
  done <"$RUN_DIR/state/listed"
  if ((RESUMED)); then
    set_out "$@"
  else
    begin "$@"
  fi
  trap 'finish; end_allocation' EXIT
}

# A srun in a step takes that step for the whole allocation: "Only allocated 1 nodes asked for 2".
leave_step() {
  local name
  unset BASH_ENV
  for name in "${!SLURM_@}"; do
    case $name in
      SLURM_JOB_ID | SLURM_CONF | SLURM_CLUSTER_NAME) ;;
      *) unset "$name" ;;
    esac
  done
}

# list_steps SECONDS: state/listed holds the job's running steps, as ID|NAME. Where Slurm gives no answer in so many, the
# last one stays.
list_steps() {
  timeout "$1" squeue --noheader --steps --jobs="$SLURM_JOB_ID" --format='%i|%j' >"$RUN_DIR/state/listed.part" 2>/dev/null &&
    mv "$RUN_DIR/state/listed.part" "$RUN_DIR/state/listed"
}

# What runs already must not be started beside itself.
list_steps_at_first() {
  : >"$RUN_DIR/state/listed"
  for _ in 1 2 3 4 5; do
    ! list_steps 20 || return 0
    ((RESUMED)) || return 0
    sleep 2
  done
  echo "the session's supervisor cannot ask Slurm what runs"
  exit 1
}

# relist: asks again, while what has outlived its srun depends on that.
relist() {
  ((${#ADOPTED[@]} && SECONDS >= LISTED_AT + 10)) || return 0
  LISTED_AT=$SECONDS
  list_steps 9 &
}

# bind_session COUNT INTERFACE...: once in the life of a session, because its own services would fail a second preflight.
bind_session() {
  local index
  if ((RESUMED)); then
    { read -ra NODE && read -ra NODE_IP && read -ra BLOCK_AT && read -r DYN_SLURM_NODE_INTERFACES; } \
      <"$RUN_DIR/state/nodes"
    for index in "${!NODE[@]}"; do
      ADDRESS[${NODE[$index]}]=${NODE_IP[$index]}
    done
    restore_ports
    export DYN_SLURM_NODES="${NODE[*]}" DYN_SLURM_NODE_IPS="${NODE_IP[*]}" DYN_SLURM_NODE_INTERFACES
  else
    ask_nodes "$@"
    bind_nodes
    printf '%s\n' "${NODE[*]}" "${NODE_IP[*]}" "${BLOCK_AT[*]}" "$DYN_SLURM_NODE_INTERFACES" \
      >"$RUN_DIR/state/nodes"
  fi
}

# restore_ports: to the ranges in BLOCK_AT, one a block.
restore_ports() {
  local index
  local -a ranges=("${BLOCK_AT[@]}")
  read_ports
  for index in "${!BLOCKS[@]}"; do
    place_block "$index" "${ranges[$index]:-${BLOCKS[$index]%% *}}"
  done
  export_ports
}

# plan_step NAME KIND ROLE NODE_INDEX... -- COMMAND...: a step that may be started, or that runs already.
plan_step() {
  local id name=$1
  local -a words=("$@")
  enlist "$@"
  STEP_STATE[$name]=lost
  words=("${words[@]:3}")
  STEP_TASKS[$name]=0
  for id in "${words[@]}"; do
    [[ $id != -- ]] || break
    ((++STEP_TASKS[$name]))
  done
  ((RESUMED)) || return 0
  id=$(grep -F "|$name" "$RUN_DIR/state/listed" | grep -x "[0-9.]*|$name" | head -n 1)
  [[ -z $id ]] || adopt_step "$name" "${id%%|*}"
}

# answers_at NAME ADDRESS:PORT PATH [WORDS]: where a step tells that it serves: by an answer, which has WORDS in it.
answers_at() {
  ANSWERS_AT[$1]=$2$'\n'$3$'\n'${4:-}
}

# adopt_step NAME ID: a child of ours stands for the srun that is gone: it passes on what srun would, and ends with the
# step. Without its srun a step hears TERM and no other signal (measured on 22.05), and outlives its dead tasks.
adopt_step() {
  local name=$1 id=$2
  (
    trap - EXIT
    trap 'scancel --signal=TERM "$id" 2>/dev/null' USR2
    trap 'scancel "$id" 2>/dev/null' TERM
    while ! all_recorded "$name" && grep -q "^$id|" "$RUN_DIR/state/listed"; do
      sleep 0.5 &
      wait $!
    done
    scancel "$id" 2>/dev/null
  ) &
  STEP_PID[$name]=$!
  STEP_SINCE[$name]=$(date +%s%3N)
  ADOPTED[$name]=$id
  STEP_UNTIL[$name]=$NEVER
  case ${STEP_KIND[$name]} in
    worker | frontend | nginx) STEP_STATE[$name]=back ;;
    *) STEP_STATE[$name]=up ;;
  esac
}

# A time that the shell's clock does not reach.
NEVER=2000000000

# all_recorded NAME: whether each of its tasks has ended.
all_recorded() {
  local -a records
  mapfile -t records < <(compgen -G "$RUN_DIR/state/$1.*.exit")
  ((${#records[@]} >= STEP_TASKS[$1]))
}

# needs_services: whether etcd and the others have to be brought up. What has outlived its etcd is of no use.
needs_services() {
  local name lost=0
  ((RESUMED)) || return 0
  for name in "${STEPS[@]}"; do
    [[ ${STEP_KIND[$name]} != etcd && ${STEP_KIND[$name]} != nats ]] || is_up "$name" || lost=1
  done
  ((lost)) || return 1
  stop_names "${!ADOPTED[@]}"
  ADOPTED=()
  sed -i '/ETCD_AUTH/d' "$RUN_DIR/state/credentials"
  rm -f "$RUN_DIR/state/etcd.lock"
}

# bring_up NAME...: starts them, as far as they don't run.
bring_up() {
  local name
  for name in "$@"; do
    is_up "$name" || start_fresh "$name"
  done
}

# start_fresh NAME: with no record of an earlier end.
start_fresh() {
  local name=$1
  rm -f "$RUN_DIR/state/$name".*.exit
  unset "ADOPTED[$name]"
  [[ ${STEP_KIND[$name]} != bench ]] || mkdir -p "$RUN_DIR/results"
  STEP_SINCE[$name]=$(date +%s%3N)
  STEP_UNTIL[$name]=$NEVER
  start_step "$name"
  if [[ -n ${ANSWERS_AT[$name]:-} ]]; then
    STEP_STATE[$name]=back
    # A look at what it was before counts no more.
    LOOK[$name]='' LOOK_AT[$name]=0
    WHOLE=0
  else
    STEP_STATE[$name]=up
  fi
}

# lose NAME: CAUSE and REASON say how it has ended.
lose() {
  local name=$1
  case ${STEP_KIND[$name]} in
    monitor)
      lose_monitor "$name"
      return
      ;;
  esac
  watch_bench
  blame_lease "$name"
  case ${STEP_KIND[$name]} in
    etcd | nats | image) end failed "$REASON" ;;
  esac
  report step-ended
  STEP_STATE[$name]=lost
  ENDED_STEPS[$name]=1
  STEP_UNTIL[$name]=$((SECONDS + GRACE))
  [[ -z ${STEP_ROLE[$name]} ]] || LEASE_UNTIL[${STEP_ROLE[$name]}]=$((SECONDS + LEASE))
  WHOLE=0
  CAUSE=()
}

# find_cause STEP: as lib/cause.sh has it, but that somebody else told one step to end is its own affair.
find_cause() {
  local name=$1
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    : >"$RUN_DIR/state/look"
    rm -f "$RUN_DIR/state/look"
    ! first_end || return 0
    ! end_from_outside || return 0
    sleep 0.1
  done 2>/dev/null
  srun_end "$name"
}

end_from_outside() {
  local file name
  local -a record
  for file in "$RUN_DIR"/state/*.exit; do
    name=$(step_of "$file")
    if ! is_up "$name" || [[ ! -r $file ]]; then continue; fi
    mapfile -t record <"$file"
    CAUSE=([step]=$name [role]=${STEP_ROLE[$name]} [node]=${record[3]:-})
    REASON="$name was told to end from outside the session"
    return 0
  done
  return 1
}

# watch_recovery: what check_steps does last.
watch_recovery() {
  local name
  for name in "${STEPS[@]}"; do
    case ${STEP_STATE[$name]} in
      back) watch_step "$name" ;;
      lost) forget_end "$name" ;;
    esac
  done
  watch_service
  take_commands
}

# forget_end NAME: drops the records of a step that is over, which every look would go through.
forget_end() {
  [[ -n ${ENDED_STEPS[$1]:-} ]] || return 0
  ! alive "$1" || return 0
  rm -f "$RUN_DIR/state/$1".*.exit
  unset "ENDED_STEPS[$1]"
}

# serves NAME: it does now.
serves() {
  local name=$1 seconds
  STEP_STATE[$name]=up
  if [[ ${STEP_KIND[$name]} == worker ]]; then
    ((!READY)) || warn_turned_away "$name"
    seconds=$(($(date +%s%3N) - STEP_SINCE[$name]))
    printf -v seconds '%d.%03d' "$((seconds / 1000))" "$((seconds % 1000))"
    event step-serving step="$name" role="${STEP_ROLE[$name]}" seconds:="$seconds"
  else
    event service-ready step="$name" seconds:="$(since_start)"
  fi
}

# warn_turned_away WORKER: frontends of Dynamo 1.x serve a role as the model card of its first worker has it. One with another
# card is registered, and gets no requests; only their logs tell.
warn_turned_away() {
  local name=$1 frontend instance
  instance=$(instance_of "$name") && [[ -n $instance ]] || return 0
  frontend=$(refusing "$instance") || return 0
  event warning step="$name" node="$(host_of "$name")" \
    reason="$frontend sends no requests to $name: its model card is not that of the other ${STEP_ROLE[$name]} workers; change all of them, or stop the others first"
}

# refusing INSTANCE: the frontend whose log says that it turns that one away.
refusing() {
  local frontend
  for frontend in "${STEPS[@]}"; do
    [[ ${STEP_KIND[$frontend]} == frontend ]] || continue
    tail -qc 16000000 "$RUN_DIR/logs/$frontend".*.log 2>/dev/null | grep -aqE "Rejected incompatible workers.*/$1\"" || continue
    printf '%s' "$frontend"
    return
  done
  return 1
}

# seen_by_frontends WORKER: waits until it is registered, which may be later than it says that it is ready, and each frontend
# has taken or refused every worker that is. Where the release does not tell how many it has taken, and where one takes
# longer than 10 s, nothing is known of that.
seen_by_frontends() {
  local until=$((SECONDS + 10))
  if [[ -z $MODEL_PATH || $'\n'$(printf '%s\n' "${EXPECTED[@]}") != *$'\n'"${STEP_ROLE[$1]}|"* ]]; then
    sleep 0.5
    return 0
  fi
  until { [[ -n $(instance_of "$1") ]] && all_decided; } || ((SECONDS >= until)); do
    sleep 0.1
  done
}

# recovering_are_seen: the same for all workers that come back.
recovering_are_seen() {
  local entry
  for entry in "${RECOVERING[@]}"; do
    ((!READY)) || seen_by_frontends "${entry%% *}"
  done
}

# all_decided: logs, which are long, are read only where a frontend has not taken all.
all_decided() {
  local entry frontend answer instance taken refused=''
  local -a registered=()
  for entry in "${EXPECTED[@]}"; do
    while read -r instance _; do
      registered+=("$instance")
    done < <(instances "${entry##*|}")
  done
  for frontend in "${FRONTENDS[@]}"; do
    taken=0
    answer=$(HTTP_TIME=$ANSWER_IN http GET "$frontend" "$MODEL_PATH")
    while [[ $answer =~ \"workers\":([0-9]+)(.*) ]]; do
      ((taken += BASH_REMATCH[1])) || :
      answer=${BASH_REMATCH[2]}
    done
    ((taken < ${#registered[@]})) || continue
    refused=${refused:-$(count_refused "${registered[@]}")}
    ((taken + refused >= ${#registered[@]})) || return 1
  done
}

# count_refused INSTANCE...
count_refused() {
  local instance count=0
  for instance in "$@"; do
    ! refusing "$instance" >/dev/null || ((++count))
  done
  echo "$count"
}

# instances RANGE: of what is registered there, the id and the value, a line each.
instances() {
  local kv key
  while read -r kv || [[ -n $kv ]]; do
    [[ $kv =~ \"key\":\"([^\"]*)\".*\"value\":\"([^\"]*)\" ]] || continue
    key=$(base64 -d <<<"${BASH_REMATCH[1]}")
    printf '%s %s\n' "${key##*/}" "$(base64 -d <<<"${BASH_REMATCH[2]}")"
  done < <(HTTP_TIME=$ANSWER_IN ask_etcd "$ETCD" "${1/',"count_only":true'/}" | tr '{' '\n')
}

# instance_of WORKER: under which id it is registered.
instance_of() {
  local entry instance value
  for entry in "${EXPECTED[@]}"; do
    [[ $entry == "${STEP_ROLE[$1]}|"* ]] || continue
    while read -r instance value; do
      [[ $value != *"\"$(address_of "$1")"[\"/]* ]] || printf '%s' "$instance"
    done < <(instances "${entry##*|}")
  done
}

# watch_step NAME: asks it, beside all else, whether it serves. Once the service was ready, frontends then have to see it.
watch_step() {
  local name=$1 address path words
  if [[ -z ${LOOK[$name]:-} ]]; then
    ((SECONDS >= ${LOOK_AT[$name]:-0})) || return 0
    { read -r address && read -r path && read -r words; } <<<"${ANSWERS_AT[$name]}"
    { answers "$address" "$path" "$words" && { ((!READY)) || seen_by_frontends "$name"; }; } >/dev/null 2>&1 &
    LOOK[$name]=$!
  elif ! kill -0 "${LOOK[$name]}" 2>/dev/null; then
    ! wait "${LOOK[$name]}" || serves "$name"
    LOOK[$name]=''
    LOOK_AT[$name]=$((SECONDS + 1))
  fi
}

# answers ADDRESS:PORT PATH WORDS
answers() {
  local answer
  answer=$(http GET "$1" "$2") && [[ $answer == *"$3"* ]]
}

# watch_service: asks whether the whole of it serves, as long as it does not and each role has somebody.
watch_service() {
  local status name since
  ((OPEN && !WHOLE)) || return 0
  if [[ -z $SERVICE_LOOK ]]; then
    ((SECONDS >= SERVICE_LOOK_AT)) && each_role_runs || return 0
    RECOVERING=()
    for name in "${STEPS[@]}"; do
      [[ ${STEP_STATE[$name]} != back || ${STEP_KIND[$name]} != worker ]] || RECOVERING+=("$name ${STEP_SINCE[$name]}")
    done
    { service_answers && recovering_are_seen; } >"$RUN_DIR/state/probe" 2>&1 &
    SERVICE_LOOK=$!
  elif ! kill -0 "$SERVICE_LOOK" 2>/dev/null; then
    wait "$SERVICE_LOOK"
    status=$?
    SERVICE_LOOK=''
    SERVICE_LOOK_AT=$((SECONDS + 1))
    report_probe
    ((status == 0)) || return 0
    # Not every release says of a worker by itself what the whole of them shows.
    for name in "${RECOVERING[@]}"; do
      since=${name#* } name=${name%% *}
      [[ ${STEP_STATE[$name]} != back || ${STEP_SINCE[$name]} != "$since" ]] || serves "$name"
    done
    none_comes_back || return 0
    WHOLE=1
    READY=1
    announce_ready
  fi
}

each_role_runs() {
  local entry
  for entry in "${EXPECTED[@]}"; do
    (($(wanted "${entry%%|*}" 1000000) > 0)) || return 1
  done
}

none_comes_back() {
  local name
  for name in "${STEPS[@]}"; do
    [[ ${STEP_STATE[$name]} != back ]] || return 1
  done
}

# rejoin_etcd ADDRESS:PORT: logs in again, with the password that the supervisor before has told the steps.
rejoin_etcd() {
  log_in "$1" "$(sed -n 's/^export .*ETCD_AUTH_PASSWORD=//p' "$RUN_DIR/state/credentials")" >/dev/null
}

# Whoever debugs a worker that stands still wants to find it there: it is told of, and stays.
give_up_workers() {
  :
}

# serve LOST MODEL MODEL_PATH COMPLETION ETCD ENTRY FRONTEND...: as for supervise and await_ready. It returns only through
# `end`.
serve() {
  local -a adopted=()
  local name lost=$1
  shift
  MODEL=$1 MODEL_PATH=$2 COMPLETION=$3 ETCD=$4 ENTRY=$5
  FRONTENDS=("${@:6}")
  if ((RESUMED)); then
    for name in "${!ADOPTED[@]}"; do
      adopted+=("$name")
    done
    event session-resumed adopted:="$(json_list "${adopted[@]}")"
    refuse_taken
  else
    event session-open seconds:="$(since_start)"
  fi
  OPEN=1
  exec {NOTHING}<> <(:)
  while :; do
    check_steps
    watch_health "$lost"
    watch_limit
    beat
    relist
    # A sleep that takes no process: nothing is ever written there.
    read -rt 0.2 -u "$NOTHING" _
  done
}

# watch_limit: drains before the allocation's time limit. Somebody may move that, so it is looked up every minute, and once
# more before the drain. Nothing waits for the answer, without which the last one counts.
watch_limit() {
  local now near=0
  if [[ -n $LIMIT_LOOK ]]; then
    ! kill -0 "$LIMIT_LOOK" 2>/dev/null || return 0
    ! wait "$LIMIT_LOOK" || hear_limit
    LIMIT_LOOK=''
    LIMIT_SEEN=$LIMIT_AT
  fi
  printf -v now '%(%s)T' -1
  [[ -z $LIMIT ]] || ((LIMIT - now >= DRAIN_TIME + 30)) || near=1
  if ((near)) && [[ -n $LIMIT_SEEN ]] && ((SECONDS - LIMIT_SEEN < 15)); then
    DRAIN=1
  elif ((near || SECONDS - LIMIT_AT >= 60)); then
    LIMIT_AT=$SECONDS
    SLURM_TIME_FORMAT=%s timeout 10 squeue --noheader --jobs="$SLURM_JOB_ID" --format=%e >"$RUN_DIR/state/limit" 2>/dev/null &
    LIMIT_LOOK=$!
  fi
}

# An allocation may have no limit, and then no number.
hear_limit() {
  local limit
  read -r limit <"$RUN_DIR/state/limit"
  [[ $limit =~ ^[0-9]+$ ]] || limit=''
  LIMIT=$limit
}

# beat: a file system that caches folders shows new commands after a change of ours.
beat() {
  ((SECONDS >= BEAT_AT)) || return 0
  BEAT_AT=$((SECONDS + 2))
  printf '%(%s)T\n' -1 >"$RUN_DIR/session/beat.part" && mv "$RUN_DIR/session/beat.part" "$RUN_DIR/session/beat"
} 2>/dev/null

# take_commands: one after the other, in the order of their names. A release goes first, even while another is obeyed.
take_commands() {
  local file
  local -a lines
  for file in "$RUN_DIR"/session/*.command; do
    [[ -r $file ]] || continue
    mapfile -t lines <"$file"
    # It may still be written.
    if ((${#lines[@]} < 3)) || [[ ${lines[-1]} != end ]]; then continue; fi
    if [[ ${lines[0]} == release ]]; then
      obey "$file"
    elif ((OPEN && !OBEYING)); then
      OBEYING=1
      obey "$file"
      OBEYING=0
    fi
  done
}

# obey FILE: ID.command holds a verb, who gives it, and a step a line with the change that its command gets, if any:
# `decode-0`, `decode-0 ab12cd`, or `decode-0 none` for the config's command; the last line is `end`.
obey() {
  local file=$1 id verb from line
  local -a lines names=()
  id=${file##*/}
  id=${id%.command}
  mapfile -t lines <"$file"
  verb=${lines[0]}
  from=${lines[1]}
  lines=("${lines[@]:2:${#lines[@]}-3}")
  for line in "${lines[@]}"; do
    names+=("${line%% *}")
  done
  mv "$file" "${file%.command}.taken"
  event command command="$id" verb="$verb" steps:="$(json_list "${names[@]}")" from="$from"
  REFUSAL=''
  case $verb in
    start) obey_start "${lines[@]}" ;;
    stop) obey_stop "${names[@]}" ;;
    restart) obey_restart "${lines[@]}" ;;
    release)
      event answer command="$id" outcome=done reason="the session ends"
      rm -f "${file%.command}.taken"
      end succeeded "released by $from"
      ;;
    *) REFUSAL="there is no command $verb" ;;
  esac
  if [[ -n $REFUSAL ]]; then
    event answer command="$id" outcome=refused reason="$REFUSAL"
  else
    event answer command="$id" outcome=done reason="$verb"
  fi
  rm -f "${file%.command}.taken"
}

# What the supervisor before was at when it ended.
refuse_taken() {
  local file id
  for file in "$RUN_DIR"/session/*.taken; do
    [[ -e $file ]] || continue
    id=${file##*/}
    event answer command="${id%.taken}" outcome=refused reason="the supervisor ended while it was at it; see what runs"
    rm -f "$file"
  done
}

# may_be_told NAME [CHANGE]: else it sets REFUSAL.
may_be_told() {
  case ${STEP_KIND[$1]:-} in
    '') REFUSAL="there is no step $1" ;;
    etcd | nats | monitor) REFUSAL="$1 belongs to the session itself" ;;
    *)
      [[ ${2:-none} == none || -r $RUN_DIR/session/changes/$2/$1.sh ]] || REFUSAL="there is no change $2 of $1"
      ;;
  esac
  [[ -z $REFUSAL ]]
}

obey_start() {
  local line name change
  for line in "$@"; do
    read -r name change <<<"$line"
    may_be_told "$name" "$change" || return 0
    ! is_up "$name" || REFUSAL="$name runs already; restart it"
    [[ -z $REFUSAL ]] || return 0
  done
  start_lines "$@"
}

obey_stop() {
  local name
  for name in "$@"; do
    may_be_told "$name" || return 0
  done
  stop_names "$@"
}

obey_restart() {
  local line name change
  local -a names=()
  for line in "$@"; do
    read -r name change <<<"$line"
    may_be_told "$name" "$change" || return 0
    names+=("$name")
  done
  stop_names "${names[@]}"
  start_lines "$@"
}

# start_lines "NAME [CHANGE]"...: once nothing of what they were is left.
start_lines() {
  local line name change until=$((SECONDS + GRACE + 4))
  for line in "$@"; do
    name=${line%% *}
    while alive "$name"; do
      ((SECONDS < until)) || REFUSAL="the tasks of $name that has ended are still there; try again"
      [[ -z $REFUSAL ]] || return 0
      sleep 0.05
      check_steps
    done
  done
  for line in "$@"; do
    read -r name change <<<"$line"
    [[ -z $change ]] || change_step "$name" "$change"
    start_fresh "$name"
  done
}

# change_step NAME CHANGE
change_step() {
  local script=$RUN_DIR/steps/$1.sh
  local -a command
  [[ $2 == none ]] || script=$RUN_DIR/session/changes/$2/$1.sh
  eval "command=(${STEP_COMMAND[$1]})"
  command[-1]=$script
  printf -v "STEP_COMMAND[$1]" '%q ' "${command[@]}"
  event step-changed step="$1" change="$2"
}

# stop_names NAME...: those that run; it returns when they have ended.
stop_names() {
  local name
  local -a running=()
  for name in "$@"; do
    ! is_up "$name" || running+=("$name")
  done
  ((${#running[@]})) || return 0
  for name in "${running[@]}"; do
    # From now on their ends are no news.
    STEP_STATE[$name]=lost
    STEP_UNTIL[$name]=$((SECONDS + GRACE))
    ENDED_STEPS[$name]=1
  done
  WHOLE=0
  if [[ ${running[*]} == bench ]]; then
    stop_steps "$BENCH_GRACE" bench
  else
    stop_steps "$GRACE" "${running[@]}"
  fi
  watch_bench
  for name in "${running[@]}"; do
    event step-stopped step="$name" role="${STEP_ROLE[$name]}"
  done
}

# end_allocation: after the verdict. What failed leaves its nodes for another try.
end_allocation() {
  [[ $OWNED == owned ]] || return 0
  case $OUTCOME in
    succeeded | timeout) scancel "$SLURM_JOB_ID" ;;
  esac
}
