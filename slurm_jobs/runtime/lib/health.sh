# shellcheck shell=bash disable=SC2004,SC2034,SC2153,SC2154 # the parts of lib.sh share their variables
# Watches the service once it is ready: whether etcd answers, and whether the workers that run are registered in it.
# Dynamo's processes end, with exit code 0, as soon as they learn that their lease in etcd has run out.

# Seconds between looks, and that etcd has to answer in.
LOOK_EVERY=3
ANSWER_IN=4
HEALTH_LOOK=''
HEALTH_FROM=0
HEALTH_AT=0
# Since when etcd has not answered, in seconds of the job; whether that is news no more. Then for how long it did not, and
# until when that explains what ends.
SILENT_FROM=''
SILENT_TOLD=''
SILENCE=0
SILENCE_COUNTS=0
# The alarms of etcd that are no news any more.
ALARM_TOLD=''
# By role: since when registrations are missing, of how many, and what an event has said of that. By worker: since when
# its own is missing.
declare -A SHORT_FROM=() SHORT_OF=() SHORT_TOLD=() AWAY_FROM=()

# watch_health SECONDS: asks beside the supervision, which never waits for it. After so many seconds without etcd, or
# without a registration, the worker or the service counts as lost.
watch_health() {
  if [[ -z $HEALTH_LOOK ]]; then
    ((SECONDS >= HEALTH_AT)) || return 0
    HEALTH_FROM=$SECONDS
    probe_health >"$ATTEMPT_DIR/state/health" &
    HEALTH_LOOK=$!
  elif ! kill -0 "$HEALTH_LOOK" 2>/dev/null; then
    HEALTH_LOOK=''
    HEALTH_AT=$((SECONDS + LOOK_EVERY))
    handle_health
    check_health_limits "$1"
  fi
}

# probe_health: prints `silent`, or `answers`, `alarm KIND...` where etcd had to be relieved of some, and by role
# `away WORKER` and `registered ROLE HAVE`.
probe_health() {
  local entry role want component endpoint range answer have
  answer=$(HTTP_TIME=$ANSWER_IN SECURE=$TLS http GET "$ETCD" /health)
  case $answer in
    *'"health":"true"'*) echo answers ;;
    *ALARM*) echo answers && echo "alarm $(HTTP_TIME=$ANSWER_IN lift_alarms "$ETCD")" ;;
    *) echo silent && return ;;
  esac
  for entry in "${EXPECTED[@]}"; do
    IFS='|' read -r role want component endpoint range <<<"$entry"
    answer=$(HTTP_TIME=$ANSWER_IN ask_etcd "$ETCD" "$range") || continue
    have=0
    [[ ! $answer =~ \"count\":\"([0-9]+)\" ]] || have=${BASH_REMATCH[1]}
    ((have >= $(running "$role" "$want"))) || list_away "$role" "$range"
    echo "registered $role $have"
  done
}

# list_away ROLE ETCD_RANGE: those of its workers whose address is in no registration.
list_away() {
  local name values
  values=$(HTTP_TIME=$ANSWER_IN ask_etcd "$ETCD" "${2/',"count_only":true'/}" | grep -o '"value":"[^"]*"' |
    while IFS='"' read -r _ _ _ name _; do base64 -d <<<"$name"; done)
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} == "$1" && ${STEP_STATE[$name]} == up ]] || continue
    [[ $values == *"\"$(address_of "$name")"[\"/]* ]] || echo "away $name"
  done
}

# address_of WORKER: ADDRESS:PORT under which its first rank registers.
address_of() {
  local host
  host=$(host_of "$1")
  at "${ADDRESS[$host]:-}:$(sed -nE 's/^  DYN_TCP_RPC_PORT=[^0-9]*([0-9]+).*/\1/p' "$RUN_DIR/env/$1.env")"
  printf '%s' "$AT"
}

# running ROLE INSTANCES: how many instances there ought to be now, while some are started again or lost.
running() {
  local name all=0 up=0
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} == "$1" ]] || continue
    ((++all))
    [[ ${STEP_STATE[$name]} != up ]] || ((++up))
  done
  echo "$(($2 * up / (all ? all : 1)))"
}

handle_health() {
  local word what have
  local -a away=()
  while read -r word what have; do
    case $word in
      silent) on_etcd_timeout ;;
      answers) on_etcd_answer ;;
      alarm) on_etcd_alarm "$what${have:+ $have}" ;;
      away) away+=("$what") ;;
      registered)
        [[ ! $have =~ ^[0-9]+$ ]] || on_registrations "$what" "$have" "${away[@]}"
        away=()
        ;;
    esac
  done <"$ATTEMPT_DIR/state/health"
}

on_etcd_timeout() {
  SILENT_FROM=${SILENT_FROM:-$HEALTH_FROM}
  HEALTH_AT=$((SECONDS + 1))
  # Before that it may be its end, which check_steps is about to see.
  [[ -z $SILENT_TOLD ]] && ((SECONDS - SILENT_FROM >= ANSWER_IN)) || return 0
  SILENT_TOLD=1
  event stalled step=etcd reason="etcd has not answered for $((SECONDS - SILENT_FROM)) s, although its process lives"
}

on_etcd_answer() {
  [[ -n $SILENT_FROM ]] || return 0
  SILENCE=$((SECONDS - SILENT_FROM))
  SILENCE_COUNTS=$((SECONDS + LEASE + ANSWER_IN))
  [[ -z $SILENT_TOLD ]] || event answers-again step=etcd seconds:="$SILENCE"
  SILENT_FROM='' SILENT_TOLD=''
}

# on_etcd_alarm KIND...: the next look is soon, for as long as somebody goes on raising it.
on_etcd_alarm() {
  HEALTH_AT=$((SECONDS + 1))
  [[ $ALARM_TOLD != "$1" ]] || return 0
  ALARM_TOLD=$1
  event warning step=etcd reason="etcd was stopped by the alarm $1, which anybody on the network may raise; the job has lifted it, and goes on lifting it"
}

# on_registrations ROLE HAVE AWAY...: what is missing has to be so twice, for a worker that ends unregisters first.
on_registrations() {
  local role=$1 have=$2 want name
  shift 2
  want=$(wanted_now "$role")
  if ((have >= want)); then
    ((want != ${SHORT_OF[$role]:--1})) ||
      event registered-again role="$role" have:="$have" want:="$want" seconds:="$((SECONDS - SHORT_FROM[$role]))"
    unset "SHORT_FROM[$role]" "SHORT_OF[$role]" "SHORT_TOLD[$role]"
    note_away "$role"
    return
  fi
  # Where their addresses do not tell which, the number has to do.
  (($# == want - have)) || set --
  note_away "$role" "$@"
  if [[ -z ${SHORT_FROM[$role]:-} ]]; then
    SHORT_FROM[$role]=$HEALTH_FROM
    return
  fi
  [[ ${SHORT_TOLD[$role]:-} != "$have $want $*" ]] || return 0
  SHORT_TOLD[$role]="$have $want $*"
  SHORT_OF[$role]=$want
  event unregistered role="$role" have:="$have" want:="$want" missing:="$(json_list "$@")" \
    reason="$(who_is_away "$role" "$((want - have))" "$@") in etcd, and lives$(after_silence)"
}

# wanted_now ROLE
wanted_now() {
  local entry
  local -a field
  for entry in "${EXPECTED[@]}"; do
    IFS='|' read -ra field <<<"$entry"
    [[ ${field[0]} != "$1" ]] || running "$1" "${field[1]}"
  done
}

# note_away ROLE WORKER...: sets AWAY_FROM of its workers.
note_away() {
  local role=$1 name
  shift
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} == "$role" ]] || continue
    if [[ " $* " == *" $name "* && ${STEP_STATE[$name]} == up ]]; then
      AWAY_FROM[$name]=${AWAY_FROM[$name]:-$HEALTH_FROM}
    else
      unset "AWAY_FROM[$name]"
    fi
  done
}

# who_is_away ROLE COUNT WORKER...
who_is_away() {
  local name said=''
  for name in "${@:3}"; do
    said+=", $name on $(host_of "$name")"
  done
  if [[ -z $said ]]; then
    said="one of the $1 workers"
    (($2 == 1)) || said="each of $2 $1 workers"
  elif (($2 > 1)); then
    said="each of ${said#, }"
  fi
  printf '%s' "${said#, } has lost its registration"
}

after_silence() {
  ((SECONDS >= SILENCE_COUNTS)) || printf ', after etcd had not answered for %s s' "$SILENCE"
}

# check_health_limits SECONDS
check_health_limits() {
  if [[ -n $SILENT_FROM ]] && ((SECONDS - SILENT_FROM >= $1)); then
    CAUSE[step]=etcd
    CAUSE[node]=$(host_of etcd)
    end failed "etcd has not answered for $((SECONDS - SILENT_FROM)) s, although its process lives"
  fi
  check_worker_limits "$1"
}

check_worker_limits() {
  local name role
  for name in "${!AWAY_FROM[@]}"; do
    # Whoever debugs a worker that stands still wants to find it there.
    [[ ${STEP_STATE[$name]} == up && ${STEP_POLICY[$name]} != keep ]] || continue
    ((SECONDS - AWAY_FROM[$name] >= $1)) || continue
    CAUSE[step]=$name
    CAUSE[role]=${STEP_ROLE[$name]}
    CAUSE[node]=$(host_of "$name")
    REASON="$name has been without its registration in etcd for $((SECONDS - AWAY_FROM[$name])) s, although its process lives"
    unset "AWAY_FROM[$name]"
    on_step_exit "$name"
  done
  for role in "${!SHORT_FROM[@]}"; do
    if [[ -z ${SHORT_TOLD[$role]:-} ]] || ! role_ends_job "$role"; then continue; fi
    ((SECONDS - SHORT_FROM[$role] >= $1)) || continue
    end failed "for $((SECONDS - SHORT_FROM[$role])) s ${SHORT_TOLD[$role]%% *} of ${SHORT_OF[$role]} $role workers have been registered in etcd, although their processes live"
  done
}

# role_ends_job ROLE: whether the job ends where the role lacks a worker for good.
role_ends_job() {
  local name
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} != "$1" || ${STEP_POLICY[$name]} == keep || ${STEP_POLICY[$name]} == *degrade ]] || return 0
  done
  return 1
}

# blame_lease NAME: a process that ended because its lease had run out did not crash, and REASON says so.
blame_lease() {
  local silence=0
  [[ ${CAUSE[exit]:-} == 0 || ${CAUSE[line]:-} == *' lease'* ]] || return 0
  if [[ -n $SILENT_FROM ]]; then
    silence=$((SECONDS - SILENT_FROM))
  elif ((SECONDS < SILENCE_COUNTS)); then
    silence=$SILENCE
  elif [[ -n $HEALTH_LOOK ]] && ((SECONDS - HEALTH_FROM >= ANSWER_IN - 1)); then
    silence=$((SECONDS - HEALTH_FROM))
  fi
  if ((silence >= ANSWER_IN - 1)); then
    REASON="etcd did not answer for $silence s, leases ran out, and $REASON"
  elif [[ -n ${AWAY_FROM[$1]:-} ]]; then
    REASON="$REASON, $((SECONDS - AWAY_FROM[$1])) s after its registration in etcd was lost"
  elif [[ ${CAUSE[line]:-} == *' lease'* ]]; then
    REASON="$REASON, because its lease in etcd had run out"
  fi
  unset "AWAY_FROM[$1]"
}
