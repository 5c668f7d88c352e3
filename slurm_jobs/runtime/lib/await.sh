# shellcheck shell=bash
# Waiting for services to answer, while the steps are watched.

# A look is a question that is asked in the background. By its name: its process, when it began, and when the next one is due;
# times in seconds of the job.
declare -A LOOK=() LOOK_FROM=() LOOK_AT=()
# What the latest probe has printed, the sizes of all logs, and when either changed last.
PROBED='' LOGGED='' PROGRESS=0

# look NAME COMMAND...: starts it, if it is due and does not run. Succeeds once it has ended: state/NAME has what it printed, and
# LOOKED its status; the next one is due in a second.
look() {
  local name=$1
  if [[ -z ${LOOK[$name]:-} ]]; then
    ((SECONDS >= ${LOOK_AT[$name]:-0})) || return 1
    LOOK_FROM[$name]=$SECONDS
    "${@:2}" >"$ATTEMPT_DIR/state/$name" 2>&1 &
    LOOK[$name]=$!
    return 1
  fi
  ! kill -0 "${LOOK[$name]}" 2>/dev/null || return 1
  wait "${LOOK[$name]}"
  LOOKED=$?
  LOOK[$name]='' LOOK_AT[$name]=$((SECONDS + 1))
}

# await WHAT PROBE...: repeats PROBE until it succeeds, and watches the steps meanwhile. What the probe prints says what
# is still missing; a change of that, or of the size of any log, is progress. A `read -t` in place of the sleeps would start
# no process, but a trap that comes in the middle of one is lost at times, and another one in that trap may never return.
await() {
  local what=$1 pause
  LOOK[probe]=''
  shift
  while :; do
    pause=0.02
    LOOK_AT[probe]=0
    if look probe "$@"; then
      report_probe
      ((LOOKED)) || return 0
      check_limits "$what"
      pause=0.05
      ((SECONDS < PROGRESS + 2)) || pause=0.2
    fi
    sleep "$pause"
    check_steps
  done
}

report_probe() {
  local text line word
  text=$(<"$ATTEMPT_DIR/state/probe")
  [[ $text != "$PROBED" ]] || return 0
  PROGRESS=$SECONDS
  while IFS= read -r line; do
    [[ -n $line && $'\n'$PROBED$'\n' != *$'\n'"$line"$'\n'* ]] || continue
    read -ra word <<<"$line"
    if [[ ${word[0]} == registered ]]; then
      event workers-registered role="${word[1]}" have:="${word[2]}" want:="${word[3]}"
    else
      event waiting reason="$line"
    fi
  done <<<"$text"
  PROBED=$text
}

check_limits() {
  local logged
  logged=$(stat -c '%n %s' "$ATTEMPT_DIR"/logs/*.log 2>/dev/null)
  if [[ $logged != "$LOGGED" ]]; then
    LOGGED=$logged
    PROGRESS=$SECONDS
  fi
  ((SECONDS < DEADLINE)) || end deadline "not ready after $DEADLINE s, waiting for $1: $(missing)"
  ((SECONDS - PROGRESS < STALL)) || end deadline "no progress for $STALL s, waiting for $1: $(missing)"
}

# missing: what the last probe found missing; of workers, which ones.
missing() {
  local line said='' role have want
  local -a away
  while IFS= read -r line; do
    if [[ $line == registered\ * ]]; then
      read -r _ role have want <<<"$line"
      ((have < want)) || continue
      mapfile -t away < <(list_away "$role")
      line="$have of $want $role workers registered"
      ((${#away[@]} != want - have)) || line+="; missing:$(printf ' %s' "${away[@]}")"
    fi
    said+="; $line"
  done <<<"$PROBED"
  printf '%s' "${said#; }"
}

# await_service STEP PROBE ADDRESS:PORT ...
await_service() {
  local step=$1
  [[ -z ${STEP_SERVED[$step]:-} ]] || return 0
  await "$step" "${@:2}"
  STEP_SERVED[$step]=1
  event service-ready step="$step" seconds:="$(since_start)"
}
