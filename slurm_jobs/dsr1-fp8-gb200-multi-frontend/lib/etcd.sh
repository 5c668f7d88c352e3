# shellcheck shell=bash disable=SC2004,SC2034,SC2153,SC2154 # the parts of lib.sh share their variables
# What the job's own shell asks of etcd.

ETCD_TOKEN=''

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
  { read -r password && read -r revision && read -r users; } <"$lock"
  await etcd revisions "$1" "$password" "$answer"
  { read -r ETCD_TOKEN && read -r found; } <"$answer" || end failed "etcd does not take the password that it was given"
  rm -f "$answer" "$lock"
  [[ $found == "$revision $users" ]] || end failed \
    "etcd is not as the job has locked it, so somebody else has written to it: its revisions of data and users are $found, not $revision $users"
  printf 'export ETCD_AUTH_USERNAME=root ETCD_AUTH_PASSWORD=%s\n' "$password" >>"$ATTEMPT_DIR/state/credentials"
}

# revisions ADDRESS:PORT PASSWORD FILE: writes a token, and then the revisions of the data and of the users, `-` where etcd
# does not tell; nothing where etcd refuses. It fails while etcd is silent, as one that is ending is.
revisions() {
  local said data users='-'
  : >"$3"
  if ! ETCD_TOKEN=$(log_in "$1" "$2") || { ! said=$(ask_etcd "$1" '{"key":"AA=="}') && [[ -z $said ]]; }; then
    echo "etcd does not answer yet"
    return 1
  fi
  [[ $said =~ \"revision\":\"([0-9]+)\" ]] || return 0
  data=${BASH_REMATCH[1]}
  [[ ! $(post_etcd "$1" /v3/auth/status '{}') =~ \"authRevision\":\"([0-9]+)\" ]] || users=${BASH_REMATCH[1]}
  printf '%s\n' "$ETCD_TOKEN" "$data $users" >"$3"
}

# log_in ADDRESS:PORT PASSWORD: prints a token, or nothing where etcd refuses; fails where it does not answer.
log_in() {
  local answer
  answer=$(http POST "$1" /v3/auth/authenticate "{\"name\":\"root\",\"password\":\"$2\"}")
  [[ -n $answer ]] || return
  [[ ! $answer =~ \"token\":\"([^\"]+)\" ]] || printf '%s\n' "${BASH_REMATCH[1]}"
}

# lift_alarms ADDRESS:PORT: prints the kinds of alarm that stopped etcd, CORRUPT or NOSPACE, and lifts them. etcd takes an
# alarm from anybody, without a password; one that is real it raises again by itself.
lift_alarms() {
  local answer alarm member said=''
  answer=$(post_etcd "$1" /v3/maintenance/alarm '{"action":"GET"}')
  while [[ $answer =~ (\"memberID\":\"([0-9]+)\",)?\"alarm\":\"([A-Z]+)\" ]]; do
    member=${BASH_REMATCH[2]:-0} alarm=${BASH_REMATCH[3]}
    answer=${answer#*"${BASH_REMATCH[0]}"}
    post_etcd "$1" /v3/maintenance/alarm "{\"action\":\"DEACTIVATE\",\"memberID\":\"$member\",\"alarm\":\"$alarm\"}" >/dev/null
    [[ " $said " == *" $alarm "* ]] || said+=" $alarm"
  done
  [[ -n $said ]] && echo "${said# }"
}
