# shellcheck shell=bash
# Watches the service once it is ready: whether etcd answers, and whether the workers that run are registered in it; without
# Dynamo, whether their servers answer. probe_health of etcd.sh or servers.sh asks. Dynamo's processes end, with exit code 0, as soon as they learn that their lease in etcd has run out.

# Seconds between looks, and that etcd has to answer in.
LOOK_EVERY=3 ANSWER_IN=4
# SILENT_FROM: since when etcd has not answered, in seconds of the job. SILENT_TOLD: an event has said so. SILENCE: how many
# seconds the last silence took. SILENCE_COUNTS: until when that explains why processes end.
SILENT_FROM='' SILENT_TOLD='' SILENCE=0 SILENCE_COUNTS=0
# The alarms of etcd that an event has named already.
ALARM_TOLD=''
# By role: since when registrations are missing, how many there should be, and what the last event about that said. By
# worker: since when its own registration is missing.
declare -A SHORT_FROM=() SHORT_OF=() SHORT_TOLD=() AWAY_FROM=()

# watch_health SECONDS: asks in the background; the supervisor never waits for the answers. After SECONDS without etcd the
# service counts as lost; after SECONDS without its registration, a worker.
watch_health() {
  local word what have
  local -a away=()
  look health probe_health || return 0
  LOOK_AT[health]=$((SECONDS + LOOK_EVERY))
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
  check_health_limits "$1"
}

# probe_roles ADDRESS:PORT: prints by role `away WORKER` and `registered ROLE HAVE`.
probe_roles() {
  local role
  for role in "${ROLES[@]}"; do
    count_registered "$1" "$role" || continue
    count_wanted "$role" up
    ((HAVE >= WANT)) || list_away "$role" | sed 's/^/away /'
    echo "registered $role $HAVE"
  done
}

on_etcd_timeout() {
  SILENT_FROM=${SILENT_FROM:-${LOOK_FROM[health]}}
  LOOK_AT[health]=$((SECONDS + 1))
  # Until then etcd may simply have ended, which check_steps is about to notice.
  [[ -z $SILENT_TOLD ]] && ((SECONDS - SILENT_FROM >= ANSWER_IN)) || return 0
  SILENT_TOLD=1
  event stalled step=etcd reason="$(silent_etcd)"
}

silent_etcd() {
  echo "etcd has not answered for $((SECONDS - SILENT_FROM)) s, although its process runs"
}

on_etcd_answer() {
  [[ -n $SILENT_FROM ]] || return 0
  SILENCE=$((SECONDS - SILENT_FROM))
  SILENCE_COUNTS=$((SECONDS + LEASE + ANSWER_IN))
  [[ -z $SILENT_TOLD ]] || event answers-again step=etcd seconds:="$SILENCE"
  SILENT_FROM='' SILENT_TOLD=''
}

# on_etcd_alarm KIND...: the next look comes soon, as long as somebody keeps raising the alarm.
on_etcd_alarm() {
  LOOK_AT[health]=$((SECONDS + 1))
  [[ $ALARM_TOLD != "$1" ]] || return 0
  ALARM_TOLD=$1
  event warning step=etcd reason="etcd was stopped by the alarm $1, which anybody on the network can raise; the job has lifted it, and will lift it again"
}

# on_registrations ROLE HAVE AWAY...: reports a registration that two looks in a row miss; a worker that ends unregisters first.
on_registrations() {
  local role=$1 have=$2
  shift 2
  count_wanted "$role" up
  # Where the addresses do not show which workers these are, only their number is reported.
  ((have + $# == WANT)) || set --
  note_away "$role" "$@"
  if ((have >= WANT)); then
    ((WANT != ${SHORT_OF[$role]:--1})) ||
      event registered-again role="$role" have:="$have" want:="$WANT" seconds:="$((SECONDS - SHORT_FROM[$role]))"
    unset "SHORT_FROM[$role]" "SHORT_OF[$role]" "SHORT_TOLD[$role]"
  elif [[ -z ${SHORT_FROM[$role]:-} ]]; then
    SHORT_FROM[$role]=${LOOK_FROM[health]}
  elif [[ ${SHORT_TOLD[$role]:-} != "$have $WANT $*" ]]; then
    SHORT_TOLD[$role]="$have $WANT $*"
    SHORT_OF[$role]=$WANT
    event unregistered role="$role" have:="$have" want:="$WANT" missing:="$(json_list "$@")" \
      reason="$(who_is_away "$role" "$((WANT - have))" "$@"), although its process runs$(after_silence)"
  fi
}

# note_away ROLE WORKER...: sets AWAY_FROM of its workers.
note_away() {
  local name
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} == "$1" ]] || continue
    if [[ " ${*:2} " == *" $name "* && ${STEP_STATE[$name]} == up ]]; then
      AWAY_FROM[$name]=${AWAY_FROM[$name]:-${LOOK_FROM[health]}}
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
  said=${said#, }
  if (($# == 2 && $2 == 1)); then
    said="one of the $1 workers"
  elif (($2 > 1)); then
    said="each of ${said:-$2 $1 workers}"
  fi
  printf '%s' "$said $AWAY_IS"
}

after_silence() {
  ((SECONDS >= SILENCE_COUNTS)) || printf ', after etcd had not answered for %s s' "$SILENCE"
}

# check_health_limits SECONDS
check_health_limits() {
  local name role
  if [[ -n $SILENT_FROM ]] && ((SECONDS - SILENT_FROM >= $1)); then
    CAUSE=([step]=etcd [node]=$(host_of etcd))
    end failed "$(silent_etcd)"
  fi
  for name in "${!AWAY_FROM[@]}"; do
    # Somebody may be debugging a worker that hangs, and needs it to stay.
    [[ ${STEP_STATE[$name]} == up && ${STEP_POLICY[$name]} != keep ]] || continue
    ((SECONDS - AWAY_FROM[$name] >= $1)) || continue
    CAUSE=([step]=$name [role]=${STEP_ROLE[$name]} [node]=$(host_of "$name"))
    REASON="$name has been $AWAY_WAS for $((SECONDS - AWAY_FROM[$name])) s, although its process runs"
    unset "AWAY_FROM[$name]"
    on_step_exit "$name"
  done
  for role in "${!SHORT_FROM[@]}"; do
    if [[ -z ${SHORT_TOLD[$role]:-} ]] || ! role_ends_job "$role"; then continue; fi
    ((SECONDS - SHORT_FROM[$role] >= $1)) || continue
    end failed "for $((SECONDS - SHORT_FROM[$role])) s ${SHORT_TOLD[$role]%% *} of ${SHORT_OF[$role]} $role workers have $HERE_WAS, although their processes run"
  done
}

# role_ends_job ROLE: whether the job ends when the role has lost a worker for good.
role_ends_job() {
  local name
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} != "$1" || ${STEP_POLICY[$name]} == @(keep|*degrade) ]] || return 0
  done
  return 1
}

# blame_lease NAME: a process that ended because its lease had run out did not crash, and REASON says so.
blame_lease() {
  local silence=0
  has etcd && [[ ${CAUSE[exit]:-} == 0 || ${CAUSE[line]:-} == *' lease'* ]] || return 0
  if [[ -n $SILENT_FROM ]]; then
    silence=$((SECONDS - SILENT_FROM))
  elif ((SECONDS < SILENCE_COUNTS)); then
    silence=$SILENCE
  elif [[ -n ${LOOK[health]:-} ]]; then
    silence=$((SECONDS - LOOK_FROM[health]))
  fi
  if ((silence >= ANSWER_IN - 1)); then
    REASON="etcd did not answer for $silence s, leases ran out, and $REASON"
  elif [[ -n ${AWAY_FROM[$1]:-} ]]; then
    REASON+=", $((SECONDS - AWAY_FROM[$1])) s after its registration in etcd was lost"
  elif [[ ${CAUSE[line]:-} == *' lease'* ]]; then
    REASON+=", because its lease in etcd had run out"
  fi
  unset "AWAY_FROM[$1]"
}
