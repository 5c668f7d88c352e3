# shellcheck shell=bash disable=SC2004,SC2034,SC2153,SC2154 # the parts of lib.sh share their variables
# Waiting for services to answer, while the steps are watched.

PROBED=''
LOGGED=''
PROGRESS=0

# await WHAT PROBE...: repeats PROBE until it succeeds, and watches the steps meanwhile. What the probe prints says what
# is still missing; a change of that, or of the size of any log, is progress. A `read -t` in place of the sleeps would start
# no process, but a trap that comes in the middle of one is lost at times, and another one in that trap may never return.
await() {
  local what=$1 probe pause=0.05
  shift
  while :; do
    "$@" >"$ATTEMPT_DIR/state/probe" 2>&1 &
    probe=$!
    while kill -0 "$probe" 2>/dev/null; do
      sleep 0.02
      check_steps
    done
    wait "$probe" && report_probe "$what" && return
    report_probe "$what"
    check_limits "$what"
    sleep "$pause"
    ((SECONDS < PROGRESS + 2)) || pause=0.2
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

# missing: what the last probe still found wanting; of workers, which.
missing() {
  local line said='' role have want entry
  local -a away
  while IFS= read -r line; do
    if [[ $line == registered\ * ]]; then
      read -r _ role have want <<<"$line"
      ((have < want)) || continue
      for entry in "${EXPECTED[@]}"; do
        [[ $entry != "$role|"* ]] || mapfile -t away < <(list_away "$role" "${entry##*|}")
      done
      line="$have of $want $role workers are registered"
      ((${#away[@]} != want - have)) || line+=$(printf ', and not %s' "${away[@]#away }")
    fi
    said+="; $line"
  done <<<"$PROBED"
  printf '%s' "${said#; }"
}

# at ADDRESS:PORT: sets AT, the same with the port as it is now. A port that has been moved is no other's in the plan.
at() {
  local port=${1##*:}
  AT=$1
  [[ ! $port =~ ^[0-9]+$ ]] || AT=${1%:*}:${PORT[$port]:-$port}
}

# http METHOD ADDRESS:PORT PATH [BODY]: prints the answer's body; fails unless the status is 2xx, and comes within
# HTTP_TIME, a minute if unset. Nodes may lack curl. With SECURE it speaks TLS, with the job's certificate.
# What may be secret, the body and AUTHORIZATION, travels in the environment: other users see arguments.
http() {
  at "$2"
  # shellcheck disable=SC2016 # the inner bash expands its own arguments
  BODY=${4:-} AUTHORIZATION=${AUTHORIZATION:-} timeout "${HTTP_TIME:-60}" bash -c '
    LC_ALL=C
    ask() {
      printf "%s %s HTTP/1.0\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s" \
        "$1" "$3" "$2" "$AUTHORIZATION" "${#BODY}" "$BODY"
    }
    if [[ -n $4 ]]; then
      exec 3< <(ask "$@" | openssl s_client -quiet -verify_return_error -CAfile "$4.crt" -cert "$4.crt" -key "$4.key" -connect "$2")
    else
      exec 3<>"/dev/tcp/${2%:*}/${2##*:}" && ask "$@" >&3 || exit 1
    fi
    IFS= read -r status <&3 || exit 1
    while IFS= read -r header <&3 && [[ ${#header} -gt 1 ]]; do :; done
    cat <&3
    [[ $status == HTTP/1.?\ 2* ]]' http "$1" "$AT" "$3" "${SECURE:+$ATTEMPT_DIR/state/tls}" 2>/dev/null
}

# await_service STEP PROBE ADDRESS:PORT ...
await_service() {
  local step=$1
  [[ -z ${STEP_SERVED[$step]:-} ]] || return 0
  await "$step" "${@:2}"
  STEP_SERVED[$step]=1
  event service-ready step="$step" seconds:="$(since_start)"
}

# Logs in, so that it is our NATS that answers, and asks for JetStream, without which Dynamo fails in silence. With TLS its
# certificate shows each client whose it is.
nats_answers() {
  at "$1"
  (
    # shellcheck source=/dev/null
    . "$ATTEMPT_DIR/state/credentials"
    # shellcheck disable=SC2016
    timeout 5 bash -c '
      exec 3<>"/dev/tcp/${1%:*}/${1##*:}" || exit 1
      IFS= read -r info <&3 && [[ $info == INFO*\"jetstream\":true* ]] || exit 1
      [[ -z $2 || $info != *\"tls_required\":true* ]] || exit 0
      printf "CONNECT {\"verbose\":false,\"user\":\"%s\",\"pass\":\"%s\"}\r\nPING\r\n" \
        "$NATS_AUTH_USERNAME" "$NATS_AUTH_PASSWORD" >&3
      IFS= read -r pong <&3 && [[ $pong == PONG* ]]' nats "$AT" "$TLS" 2>/dev/null
  ) || { echo "NATS does not answer yet"; return 1; }
}

http_answers() {
  HTTP_TIME=10 http GET "$1" "$2" >/dev/null || { echo "http://$1$2 does not answer yet"; return 1; }
}

