# shellcheck shell=bash
# Workers that stand still: their processes run and are registered, but no request gets a token. Such a worker counts as hung once
# nothing that it counts or logs of its work has moved for HANG seconds, and for as long
#  - its canary has failed: Dynamo's runtime asks an engine that is silent for a token, and /health says when none came in HANG seconds;
#  - or it has had requests in flight, where it has no canary;
#  - or it has not answered at all.
# Each chunk of a long prefill moves the counters. A compiler at work among the worker's processes counts as movement.

# What job.sbatch says: seconds; 1 where workers have a canary; extended regular expressions of lines of a page of metrics that count
# work, of the names there that number requests in flight, and of lines of a log that tell of work.
HANG=0 HAS_CANARY='' WORK='' IN_FLIGHT='' WORK_LINES=''
# Names of series that count bytes of answers, and requests that clients have given up; bytes, at most, that end such an answer.
SENT='dynamo_component_response_bytes_total\{[^}]*dynamo_endpoint="generate"'
GAVE_UP='dynamo_component_cancellation_total\{[^}]*dynamo_endpoint="generate"'
END_OF_ANSWER=40
# Bytes at the end of a log in which the last line that tells of work is looked for.
WORK_TAIL=65536
# Times in a row that a compiler at work is waited for, HANG seconds each.
MOST_COMPILES=10
# By worker, times in seconds of the job: what it showed when its work last moved, as `SENT GAVE_UP SINCE WORK`; since when that is, and
# since when it has waited for something; how many requests it had, empty where it does not say. GIVEN_UP: clients have given up
# requests since it stands still. PASSED: its canary has passed. SUSPECT: `HEALTH FROM`, while its processes are looked at.
# COMPILES: how often a compiler was the reason. HANG_TOLD: `hung FROM` or `stalled FROM`, after such an event.
declare -A GIVEN_UP=() SHOWN=() STILL_FROM=() WAITS_FROM=() REQUESTS=() PASSED=() SUSPECT=() COMPILES=() HANG_TOLD=()

# expect_hangs SECONDS HAS_CANARY WORK IN_FLIGHT WORK_LINES
expect_hangs() {
  HANG=$1 HAS_CANARY=$2 WORK=$3 IN_FLIGHT=$4 WORK_LINES=$5
}

# watch_hangs: asks in the background; the supervisor never waits for the answers.
watch_hangs() {
  local name health signs
  for name in "${!SUSPECT[@]}"; do
    ! waits_for_prefill "$name" "${SUSPECT[$name]% *}" || continue
    ! look "stacks.$name" list_stacks "$name" || on_stacks "$name" "${SUSPECT[$name]% *}" "${SUSPECT[$name]#* }"
  done
  look hangs probe_hangs || return 0
  LOOK_AT[hangs]=$((SECONDS + (HANG < 6 ? 1 : HANG / 6)))
  # Where nobody answers, not even a frontend, it is this node that cannot ask.
  ((!${#FRONTENDS[@]})) || grep -qv ' mute ' "$ATTEMPT_DIR/state/hangs" || return 0
  while read -r name health signs; do
    # shellcheck disable=SC2086 # words
    [[ ${STEP_STATE[${name:-none}]:-} != up ]] || note_work "$name" "$health" $signs
  done <"$ATTEMPT_DIR/state/hangs"
}

# probe_hangs: prints `NAME HEALTH REQUESTS SENT GAVE_UP WORK` for each worker that serves, and `- fine` where a frontend answers.
probe_hangs() {
  local name
  for name in "${STEPS[@]}"; do
    [[ ${STEP_KIND[$name]} == worker && ${STEP_STATE[$name]} == up && -n ${STEP_PROBE[$name]:-} ]] || continue
    tell_work "$name" &
  done
  for name in "${FRONTENDS[@]:0:1}"; do
    ! HTTP_TIME=$ANSWER_IN http GET "$name" /health >/dev/null || echo '- fine '
  done
  wait
}

# tell_work NAME: HEALTH is `fine`, `failing` where its canary has failed, or `mute`. SENT: bytes of its answers; GAVE_UP: requests
# that clients have given up. Those are `-` where its page does not come; WORK is empty where it tells of none.
tell_work() {
  local address answer='' page='' health=mute sums='- - -' work=''
  read -r address <<<"${STEP_PROBE[$1]}"
  # While a canary fails the status is 503; without canaries Dynamo's may always be, and each such answer an error in its log.
  if [[ -n $HAS_CANARY ]] || has servers; then
    if answer=$(HTTP_TIME=$ANSWER_IN http GET "$address" /health) || [[ $answer == *'"endpoints"'* ]]; then
      health=fine
      [[ $answer != *"\"${ENDPOINT[${STEP_ROLE[$1]}]:-}\":\"notready\""* ]] || health=failing
    fi
  else
    health=fine
  fi
  if [[ $health != mute ]]; then
    if page=$(HTTP_TIME=$ANSWER_IN http GET "$address" /metrics | tr -d '\000'; exit "${PIPESTATUS[0]}"); then
      sums="$(sum_of "$IN_FLIGHT" <<<"$page") $(sum_of "$SENT" <<<"$page") $(sum_of "$GAVE_UP" <<<"$page")"
      work=$(shown_work "$1" <<<"$page")
      [[ -z $work ]] || work=$(cksum <<<"$work")
    elif [[ -z $answer ]]; then
      health=mute
    fi
  fi
  printf '%s %s %s %s\n' "$1" "$health" "$sums" "${work// /-}"
}

# sum_of SERIES: of a page, as a whole number.
sum_of() {
  local values
  values=$(sed -nE "s/^($1).* ([0-9]+)(\.0*)?$/\2/p" | paste -sd +)
  printf '%s' "$((${values:-0}))"
}

# shown_work NAME: what its page and its logs tell of its work.
shown_work() {
  local log
  grep -aE "^($WORK)"
  for log in "$ATTEMPT_DIR/logs/$1".*.log; do
    tail -c "$WORK_TAIL" "$log" 2>/dev/null | grep -aE "$WORK_LINES" | tail -n 1
  done
}

# has_moved NAME REQUESTS SENT GAVE_UP WORK: whether its work has, since it last did. What ends a request that a client has given up
# is a few bytes of answers, too, which may be counted later. A line of a log may be too far from its end by now.
has_moved() {
  local sent gave_up since work
  read -r sent gave_up since work <<<"${SHOWN[$1]:-0 0 - -}"
  if [[ $since != "${STEP_SINCE[$1]}" ]]; then
    unset "PASSED[$1]" "HANG_TOLD[$1]"
  elif [[ ${5:-$work} == "$work" ]] && (($3 - sent <= END_OF_ANSWER * ($4 - gave_up + $2))); then
    (($4 <= gave_up)) || GIVEN_UP[$1]=1
    return 1
  fi
  SHOWN[$1]="$3 $4 ${STEP_SINCE[$1]} ${5:-$work}"
  unset "GIVEN_UP[$1]"
}

# note_work NAME HEALTH REQUESTS SENT GAVE_UP WORK
note_work() {
  local name=$1 health=$2 now=${LOOK_FROM[hangs]} waits='' from
  STILL_FROM[$name]=${STILL_FROM[$name]:-$now}
  REQUESTS[$name]=${3#-}
  if [[ $3 != - ]] && has_moved "$name" "$3" "$4" "$5" "${6:-}"; then
    STILL_FROM[$name]=$now COMPILES[$name]=0
    goes_on "$name"
  fi
  case $health in
    mute) waits=1 ;;
    # It fails from the start of the engine until it passes for the first time.
    failing) [[ -z ${PASSED[$name]:-} ]] && ((now - STILL_FROM[$name] < 2 * HANG)) || waits=1 ;;
    fine)
      PASSED[$name]=1
      if [[ $3 == - ]]; then
        waits=${WAITS_FROM[$name]:+1}
      elif [[ -n $HAS_CANARY && -n ${GIVEN_UP[$name]:-} ]]; then
        # Dynamo takes the end of a request that was given up for a token.
        (($3 == 0)) && [[ -z ${WAITS_FROM[$name]:-} ]] || waits=1
      elif (($3)); then
        # With a canary that passes, what its requests wait for is somewhere else.
        [[ -n $HAS_CANARY ]] || waits=1
      elif [[ ${HANG_TOLD[$name]:-} == hung* ]]; then
        goes_on "$name"
      fi
      ;;
  esac
  if [[ -z $waits ]]; then
    unset "WAITS_FROM[$name]" "SUSPECT[$name]"
    ((REQUESTS[$name] == 0 || now - STILL_FROM[$name] < 2 * HANG)) || [[ $health != fine || -n ${HANG_TOLD[$name]:-} ]] || on_stall "$name"
    return
  fi
  # A canary that fails has waited for so long already.
  from=$now
  [[ $health != failing ]] || from=$((now - HANG))
  WAITS_FROM[$name]=${WAITS_FROM[$name]:-$from}
  from=${WAITS_FROM[$name]}
  ((from >= STILL_FROM[$name])) || from=${STILL_FROM[$name]}
  ((now - from < HANG)) || [[ ${HANG_TOLD[$name]:-} == hung* ]] || SUSPECT[$name]="$health $from"
}

# goes_on NAME
goes_on() {
  unset "SUSPECT[$1]" "WAITS_FROM[$1]"
  [[ -z ${HANG_TOLD[$1]:-} ]] || event answers-again step="$1" seconds:="$((SECONDS - ${HANG_TOLD[$1]#* }))"
  unset "HANG_TOLD[$1]"
}

# on_stall NAME: the engine passes its canary, and its requests get nothing.
on_stall() {
  HANG_TOLD[$1]="stalled ${STILL_FROM[$1]}"
  event stalled step="$1" reason="$1 on $(host_of "$1") has $(in_flight "$1"), and has shown no progress for $((SECONDS - STILL_FROM[$1])) s, although its engine answers a canary: look at the workers that it exchanges KV caches with"
}

# in_flight NAME
in_flight() {
  printf '%s request' "${REQUESTS[$1]}"
  ((REQUESTS[$1] == 1)) || printf s
  printf ' in flight'
}

# what_waits NAME HEALTH
what_waits() {
  if [[ $2 == mute ]]; then
    printf 'it has not answered'
  elif ((REQUESTS[$1] == 0)); then
    printf 'it has given no token to a canary'
  else
    printf 'it has %s, and has given no token' "$(in_flight "$1")"
  fi
}

# waits_for_prefill NAME HEALTH: a decode worker without a canary may only wait for a prefill worker that stands still.
waits_for_prefill() {
  local name
  [[ ${STEP_ROLE[$1]} == decode && $2 == fine ]] || return
  for name in "${!WAITS_FROM[@]}"; do
    [[ ${STEP_ROLE[$name]} != prefill ]] || return 0
  done
  return 1
}

# list_stacks NAME: what stacks.sh prints on each of its nodes.
list_stacks() {
  local -a hosts
  read -ra hosts <<<"${STEP_HOSTS[$1]}"
  timeout 40 srun --overlap --nodes="${#hosts[@]}" --ntasks="${#hosts[@]}" --ntasks-per-node=1 --nodelist="${STEP_HOSTS[$1]// /,}" \
    --job-name="stacks-$1" --mpi=none --cpu-bind=none --input=none bash -p "$RUN_DIR/runtime/stacks.sh" "$1" </dev/null
}

# is_profiled NAME: an engine gives no token while it writes a trace, which may take it minutes.
is_profiled() {
  local file
  while IFS= read -r file; do
    [[ -e ${file%/*}/ended ]] || ! grep -qF "\"$1\"" "$file" || return 0
  done < <(find "$ATTEMPT_DIR/profiles" -name profile.json -mmin -20 2>/dev/null)
  return 1
}

# on_stacks NAME HEALTH FROM: it has stood still until now, unless a compiler or a profiler is at work. What follows is its policy.
on_stacks() {
  local name=$1 still=$((SECONDS - $3)) file=$ATTEMPT_DIR/state/stacks.$1 node pid state program stack at=''
  unset "SUSPECT[$name]"
  [[ ${STEP_STATE[$name]} == up ]] || return 0
  if is_profiled "$name" || { grep -q '^compiles ' "$file" && ((++COMPILES[$name] <= MOST_COMPILES)); }; then
    STILL_FROM[$name]=$SECONDS
    return
  fi
  # The most telling process comes first on each node; one that is stopped, on whatever node, before all others.
  read -r _ node pid state program < <({ grep '^process [^ ]* [0-9]* [Tt]' "$file"; grep '^process ' "$file"; echo 'process - - - -'; } | head -n 1)
  # Of its first thread.
  stack=$(sed -n "s/^stack $node $pid //p" "$file" | sed '1{/^Thread /d}; /^Thread /,$d' | head -n 12 | paste -sd '|' | sed 's/|/ < /g')
  cp "$file" "$ATTEMPT_DIR/logs/$name.stacks" 2>/dev/null
  [[ $state == - ]] || at="$program (pid $pid), ${state//_/ }${stack:+, in $stack}"
  REASON="$name on $(host_of "$name") stands still: $(what_waits "$name" "$2") for $still s"
  CAUSE=([step]=$name [role]=${STEP_ROLE[$name]} [node]=${node/#-/$(host_of "$name")} [line]=${at:+stands still: $at})
  event hung step="$name" role="${STEP_ROLE[$name]}" node="${CAUSE[node]}" seconds:="$still" requests:="${REQUESTS[$name]}" \
    process="${at:+$program}" pid:="${at:+$pid}" state="${at:+${state//_/ }}" stack="$stack" file="logs/$name.stacks" reason="$REASON"
  HANG_TOLD[$name]="hung $3"
  # Somebody may be debugging it.
  [[ ${STEP_POLICY[$name]} != keep ]] || { CAUSE=() && return; }
  # It unregisters, if it can; where it does not end, advance_step kills it.
  kill -USR2 "${STEP_PID[$name]}" 2>/dev/null
  on_step_exit "$name"
}
