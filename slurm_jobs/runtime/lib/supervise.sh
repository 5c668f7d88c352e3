# shellcheck shell=bash
# The supervisor's loop, and what happens to the job when a step ends.

# Seconds before the first restart of a worker, the second, and so on.
DELAYS=(1 5 15 30 60)
# 1 since the time limit is near.
DRAIN=0
# WHOLE: 1 while everything that was started serves. RECOVERING: workers that were coming back when the latest probe began, as
# NAME SINCE.
WHOLE=0 RECOVERING=()
# Monitors of which a warning has said that they ended.
declare -A MONITOR_TOLD=()
# Lines of state/bench.points that are events already.
BENCH_READ=0
# Seconds that a benchmark's tool has after its signal, to write its results.
BENCH_GRACE=20

# supervise LOST: returns only through `end`. LOST is how long etcd, or a worker's registration in it, may be missing.
supervise() {
  OPEN=1
  if ((RESUMED)); then
    event session-resumed adopted:="$(json_list "${ADOPTED[@]}")"
    refuse_taken
  elif [[ -n $OWNED ]]; then
    event session-open seconds:="$(since_start)"
  fi
  while :; do
    # A signal ends the wait. `wait -n` sometimes waits forever, when the sleep has ended before it begins.
    sleep 0.3 &
    wait $!
    check_steps
    watch_health "$1"
    ! has hang || watch_hangs
    [[ -z $OWNED ]] || watch_limit
    relist
  done
}

# check_steps: handles steps that have ended, and commands. It returns unless that ends the job.
check_steps() {
  local name
  ((!DRAIN)) || drain timeout "$(at_time_limit)"
  watch_bench
  while ended_step; do
    find_cause "$ENDED"
    on_step_exit "${CAUSE[step]}"
  done
  for name in "${STEPS[@]}"; do
    [[ ${STEP_STATE[$name]} == up ]] || advance_step "$name"
  done
  ((!OPEN)) || watch_service
  take_commands
  save_state
}

# on_step_exit NAME: CAUSE and REASON say how it ended. What follows is the step's policy, which the plan gives:
#   end        the job ends; after a benchmark that has finished, with success
#   keep       nothing: the job goes on without it
#   degrade    the job goes on while the role has another worker
#   restart=N  it is restarted, N times at most; then as `end`, or with `restart=N,degrade` as `degrade`
on_step_exit() {
  local name=$1 role=${STEP_ROLE[$1]:-none} restarts=${STEP_RESTARTS[$1]:-0} policy=${STEP_POLICY[$1]} most=0
  if [[ ${STEP_KIND[$name]} == @(monitor|cleanup) ]]; then
    on_monitor_exit "$name"
    return
  fi
  watch_bench
  blame_lease "$name"
  # Whoever gave the command that started it is watching it, until it serves.
  [[ -z ${STEP_ASKED[$name]:-} || ${STEP_STATE[$name]} != back && ${STEP_KIND[$name]} != bench ]] || policy=keep
  ((restarts == 0)) || REASON+=", after restart $restarts"
  [[ ! $policy =~ ^restart=([0-9]+) ]] || most=${BASH_REMATCH[1]}
  STEP_UNTIL[$name]=$((SECONDS + GRACE))
  LEASE_UNTIL[$role]=$((SECONDS + LEASE))
  if [[ $policy == keep ]]; then
    report step-ended
    STEP_STATE[$name]=lost
    [[ -z $OWNED ]] || WHOLE=0
  elif ((restarts < most)) && [[ $REASON != "${CAUSE[node]:-} failed"* ]]; then
    STEP_STATE[$name]=ending
    STEP_RESTARTS[$name]=$((restarts + 1)) STEP_ASKED[$name]=''
    report worker-restarting restart:="${STEP_RESTARTS[$name]}" of:="$most" delay:="$(restart_delay "$name")"
  elif [[ $policy == *degrade ]]; then
    STEP_STATE[$name]=lost
    report_degraded "$role"
  elif [[ ${STEP_KIND[$name]} == bench && ${CAUSE[exit]:-1} == 0 ]]; then
    CAUSE=()
    end succeeded "the benchmark has ended"
  else
    end failed "$REASON"
  fi
  CAUSE=()
}

# report KIND FIELD...: an event with CAUSE and REASON.
report() {
  list_cause
  event "$1" reason="$REASON" "${FIELDS[@]}" "${@:2}"
}

report_degraded() {
  local name have=0
  local -a gone=()
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} == "$1" && ${STEP_STATE[$name]} != stopped ]] || continue
    if [[ ${STEP_STATE[$name]} == lost ]]; then gone+=("$name"); else ((++have)); fi
  done
  ((have)) || end failed "$REASON; no $1 worker is left"
  report degraded have:="$have" want:="$((have + ${#gone[@]}))" missing:="$(json_list "${gone[@]}")"
}

# on_monitor_exit NAME: it only watches. Its other nodes go on. The end of its srun, which follows, says nothing new.
on_monitor_exit() {
  if [[ -n ${CAUSE[rank]:-} || -z ${MONITOR_TOLD[$1]:-} ]]; then
    event warning step="$1" node="${CAUSE[node]:-}" reason="$REASON${CAUSE[line]:+: ${CAUSE[line]}}"
  fi
  MONITOR_TOLD[$1]=1
  rm -f "$ATTEMPT_DIR/state/$1.${CAUSE[rank]:-*}.exit"
  alive "$1" || STEP_STATE[$1]=lost
  CAUSE=()
}

# advance_step NAME: moves a step that is not up to its next state, when that is due.
advance_step() {
  local name=$1
  case ${STEP_STATE[$name]} in
    ending | lost | stopped)
      [[ -n ${STEP_PID[$name]} ]] || return 0
      if alive "$name"; then
        ((SECONDS < STEP_UNTIL[$name])) || kill -TERM "${STEP_PID[$name]}" 2>/dev/null
        return
      fi
      STEP_PID[$name]=''
      [[ ${STEP_STATE[$name]} == ending ]] || return 0
      STEP_STATE[$name]=resting
      STEP_UNTIL[$name]=$((SECONDS + $(restart_delay "$name")))
      ;;
    resting)
      ((SECONDS >= STEP_UNTIL[$name])) || return 0
      start_step "$name"
      STEP_STATE[$name]=back
      STEP_UNTIL[$name]=$((SECONDS + DEADLINE))
      WHOLE=0
      ;;
    back)
      if ((SECONDS >= STEP_UNTIL[$name])); then
        CAUSE=([step]=$name [role]=${STEP_ROLE[$name]})
        REASON="$name is not ready $DEADLINE s after its restart"
        on_step_exit "$name"
      elif ((OPEN)) && [[ -n ${STEP_ASKED[$name]:-} ]] && look "$name.look" step_answers "$name"; then
        ((LOOKED)) || step_serves "$name"
      fi
      ;;
  esac
}

# restart_delay NAME: seconds before its next restart.
restart_delay() {
  local index=$((${STEP_RESTARTS[$1]} - 1))
  printf '%s' "${DELAYS[index]:-60}"
}

# step_answers NAME: whether it serves. Once the service has been ready, frontends have to see it as well.
step_answers() {
  local address path words answer
  { read -r address && read -r path && read -r words; } <<<"${STEP_PROBE[$1]}"
  answer=$(http GET "$address" "$path") && [[ $answer == *"$words"* ]] && { ((!READY)) || seen_by_frontends "$1"; }
}

# step_serves NAME: records that it serves.
step_serves() {
  local name=$1
  STEP_STATE[$name]=up STEP_SERVED[$name]=1
  if [[ -z ${STEP_ASKED[$name]:-} ]]; then
    event recovered step="$name" role="${STEP_ROLE[$name]}" restart:="${STEP_RESTARTS[$name]}" seconds:="$(since_start)"
  elif [[ ${STEP_KIND[$name]} == worker ]]; then
    ((!READY)) || warn_turned_away "$name"
    event step-serving step="$name" role="${STEP_ROLE[$name]}" seconds:="$(since "${STEP_SINCE[$name]}")"
  else
    event service-ready step="$name" seconds:="$(since_start)"
  fi
}

# watch_service: asks in the background whether the whole service answers, as long as it does not and each role has a worker.
# A session becomes ready each time that it does.
watch_service() {
  local name role
  if [[ -z ${LOOK[probe]:-} ]]; then
    ((!WHOLE)) || return 0
    for role in "${ROLES[@]}"; do
      count_wanted "$role" up back ending resting
      ((WANT)) || return 0
    done
    RECOVERING=()
    for name in "${STEPS[@]}"; do
      [[ ${STEP_STATE[$name]} != back || ${STEP_KIND[$name]} != worker ]] || RECOVERING+=("$name ${STEP_SINCE[$name]}")
    done
  fi
  look probe service_is_whole || return 0
  [[ -z $OWNED ]] || report_probe
  ((LOOKED)) || on_service_ready
}

# service_is_whole: whether the service answers, and frontends see all workers that are coming back.
service_is_whole() {
  local entry
  service_answers || return
  for entry in "${RECOVERING[@]}"; do
    ((!READY)) || seen_by_frontends "${entry%% *}"
  done
}

# on_service_ready: the whole service answers, so all its workers serve; not every release tells that of a single worker.
on_service_ready() {
  local name since
  for name in "${RECOVERING[@]}"; do
    since=${name#* } name=${name%% *}
    [[ ${STEP_STATE[$name]} != back || ${STEP_SINCE[$name]} != "$since" ]] || step_serves "$name"
  done
  for name in "${STEPS[@]}"; do
    [[ ${STEP_STATE[$name]} != @(back|ending|resting) ]] || return 0
  done
  WHOLE=1
  [[ -n $OWNED ]] || ((!READY)) || return 0
  READY=1
  announce_ready
}

# drain OUTCOME REASON: frontends refuse new requests, and end once those that they have are answered; then the job ends.
drain() {
  local reason=$2
  [[ $1 != timeout ]] || reason="the time limit is near"
  DRAIN=0
  event draining reason="$reason"
  ! is_up bench || stop_steps "$((BENCH_GRACE < DRAIN_TIME ? BENCH_GRACE : DRAIN_TIME))" bench
  watch_bench
  stop bench monitor
  find_steps frontend
  # Where there is none, the worker itself answers clients.
  ((${#NAMES[@]})) || find_steps worker
  stop_steps "$DRAIN_TIME" "${NAMES[@]}"
  end "$1" "$2"
}

# watch_bench: turns what bench.sh reports of its measurements into events.
watch_bench() {
  local state name index of concurrency status seconds
  local -a lines=()
  [[ ! -r $ATTEMPT_DIR/state/bench.points ]] || mapfile -t lines <"$ATTEMPT_DIR/state/bench.points"
  while ((BENCH_READ < ${#lines[@]})); do
    read -r state name index of concurrency status seconds <<<"${lines[BENCH_READ++]}"
    event bench-point step=bench name="$name" state="$state" index:="$index" of:="$of" concurrency:="$concurrency" \
      exit:="${status#-}" seconds:="${seconds#-}"
  done
}
