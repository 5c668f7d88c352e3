# shellcheck shell=bash
# What the job's own shell asks of etcd.

ETCD_TOKEN=''
# What is said of a worker that is not registered: now, for some time; and of those that are.
# shellcheck disable=SC2034 # health.sh uses them
AWAY_IS='has lost its registration in etcd' AWAY_WAS='without its registration in etcd' HERE_WAS='been registered in etcd'

# post_etcd ADDRESS:PORT PATH BODY: as the job's user, once it has logged in.
post_etcd() {
  AUTHORIZATION=${ETCD_TOKEN:+Authorization: $ETCD_TOKEN$'\r\n'} SECURE=$TLS http POST "$@"
}

# ask_etcd ADDRESS:PORT RANGE
ask_etcd() {
  post_etcd "$1" /v3/kv/range "$2"
}

# locked_etcd_answers ADDRESS:PORT: etcd.py leaves a file once etcd asks for a password.
locked_etcd_answers() {
  [[ -s $ATTEMPT_DIR/state/etcd.lock ]] || { echo "etcd is not locked yet"; return 1; }
  etcd_answers "$1"
}

etcd_answers() {
  [[ $(HTTP_TIME=5 SECURE=$TLS http GET "$1" /health) == *'"health":"true"'* ]] || { echo "etcd does not answer yet"; return 1; }
}

# enter_etcd ADDRESS:PORT: logs in, checks that etcd is as etcd.py has left it, and tells the steps the password.
enter_etcd() {
  local password revision users answer=$ATTEMPT_DIR/state/token lock=$ATTEMPT_DIR/state/etcd.lock found
  password=$(credential ETCD_AUTH_PASSWORD)
  if [[ -n $password ]]; then
    until log_in "$1" "$password" >/dev/null; do
      sleep 0.2
      check_steps
    done
    return
  fi
  { read -r password && read -r revision && read -r users; } <"$lock"
  await etcd revisions "$1" "$password" "$answer"
  { read -r ETCD_TOKEN && read -r found; } <"$answer" || end failed "etcd does not take the password that it was given"
  [[ $found == "$revision $users" ]] || end failed \
    "etcd is not as the job has locked it, so somebody else has written to it: its revisions of data and users are $found, not $revision $users"
  printf 'ETCD_AUTH_USERNAME=root\nETCD_AUTH_PASSWORD=%s\n' "$password" >>"$ATTEMPT_DIR/state/credentials"
  rm -f "$answer" "$lock"
}

# revisions ADDRESS:PORT PASSWORD FILE: writes a token, and then the revisions of the data and of the users, `-` where etcd
# does not tell; nothing where etcd refuses. It fails until etcd has answered each question.
revisions() {
  local data users='-'
  : >"$3"
  log_in "$1" "$2" || return
  [[ -n $ETCD_TOKEN ]] || return 0
  answered_by_etcd "$1" /v3/kv/range '{"key":"AA=="}' || return
  [[ $SAID =~ \"revision\":\"([0-9]+)\" ]] || return 0
  data=${BASH_REMATCH[1]}
  answered_by_etcd "$1" /v3/auth/status '{}' || return
  [[ ! $SAID =~ \"authRevision\":\"([0-9]+)\" ]] || users=${BASH_REMATCH[1]}
  printf '%s\n' "$ETCD_TOKEN" "$data $users" >"$3"
}

# log_in ADDRESS:PORT PASSWORD: sets ETCD_TOKEN, which stays empty where etcd refuses; fails where it does not answer.
log_in() {
  ETCD_TOKEN=''
# What is said of a worker that is not registered: now, for some time; and of those that are.
# shellcheck disable=SC2034 # health.sh uses them
AWAY_IS='has lost its registration in etcd' AWAY_WAS='without its registration in etcd' HERE_WAS='been registered in etcd'
  answered_by_etcd "$1" /v3/auth/authenticate "{\"name\":\"root\",\"password\":\"$2\"}" || return
  [[ ! $SAID =~ \"token\":\"([^\"]+)\" ]] || ETCD_TOKEN=${BASH_REMATCH[1]}
}

# answered_by_etcd ADDRESS:PORT PATH BODY: sets SAID to the answer. An etcd that is ending says nothing, or breaks off:
# neither is an answer to conclude from, so it fails.
answered_by_etcd() {
  SAID=$(post_etcd "$@")
  [[ $SAID == *'}' ]] || { echo "etcd does not answer yet"; return 1; }
}

# lift_alarms ADDRESS:PORT: sets ALARMS to the kinds of alarm that stopped etcd, CORRUPT or NOSPACE, and lifts them; fails where
# there is none. etcd takes an alarm from anybody, without a password; one that is real it raises again by itself.
lift_alarms() {
  local answer alarm member
  ALARMS=''
  answer=$(post_etcd "$1" /v3/maintenance/alarm '{"action":"GET"}')
  while [[ $answer =~ (\"memberID\":\"([0-9]+)\",)?\"alarm\":\"([A-Z]+)\" ]]; do
    member=${BASH_REMATCH[2]:-0} alarm=${BASH_REMATCH[3]}
    answer=${answer#*"${BASH_REMATCH[0]}"}
    post_etcd "$1" /v3/maintenance/alarm "{\"action\":\"DEACTIVATE\",\"memberID\":\"$member\",\"alarm\":\"$alarm\"}" >/dev/null
    [[ " $ALARMS " == *" $alarm "* ]] || ALARMS+=${ALARMS:+ }$alarm
  done
  [[ -n $ALARMS ]]
}

# count_registered ADDRESS:PORT ROLE: sets HAVE; fails where etcd does not tell.
count_registered() {
  local answer
  answer=$(HTTP_TIME=${HTTP_TIME:-10} ask_etcd "$1" "${KEYS[$2]}") || return
  HAVE=0
  [[ ! $answer =~ \"count\":\"([0-9]+)\" ]] || HAVE=${BASH_REMATCH[1]}
}

# probe_health: prints `silent`, or `answers`, `alarm KIND...` for alarms of etcd that it has lifted, and for each role
# `away WORKER` and `registered ROLE HAVE`.
probe_health() {
  local HTTP_TIME=$ANSWER_IN
  case $(SECURE=$TLS http GET "$ETCD" /health) in
    *'"health":"true"'*) echo answers ;;
    *ALARM*) echo answers && lift_alarms "$ETCD" && echo "alarm $ALARMS" ;;
    *) echo silent && return ;;
  esac
  probe_roles "$ETCD"
}
