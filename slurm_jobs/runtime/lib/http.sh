# shellcheck shell=bash
# What the job's own shell, and metrics.sh, ask services over the network.

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
    request() {
      printf "%s %s HTTP/1.0\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s" \
        "$1" "$3" "$2" "$AUTHORIZATION" "${#BODY}" "$BODY"
    }
    if [[ -n $4 ]]; then
      exec 3< <(request "$@" | openssl s_client -quiet -verify_return_error -CAfile "$4.crt" -cert "$4.crt" -key "$4.key" -connect "$2")
    else
      exec 3<>"/dev/tcp/${2%:*}/${2##*:}" && request "$@" >&3 || exit 1
    fi
    IFS= read -r status <&3 || exit 1
    while IFS= read -r header <&3 && [[ ${#header} -gt 1 ]]; do :; done
    cat <&3
    [[ $status == HTTP/1.?\ 2* ]]' http "$1" "$AT" "$3" "${SECURE:+$ATTEMPT_DIR/state/tls}" 2>/dev/null
}

# credential NAME: as state/credentials has it.
credential() {
  sed -n "s/^$1=//p" "$ATTEMPT_DIR/state/credentials"
}

# Logs in, so that it is our NATS that answers, and asks for JetStream, without which Dynamo fails in silence. With TLS its
# certificate shows each client whose it is.
nats_answers() {
  at "$1"
  # shellcheck disable=SC2016 # the inner bash expands its own arguments
  PASSWORD=$(credential NATS_AUTH_PASSWORD) timeout 5 bash -c '
    exec 3<>"/dev/tcp/${1%:*}/${1##*:}" || exit 1
    IFS= read -r info <&3 && [[ $info == INFO*\"jetstream\":true* ]] || exit 1
    [[ -z $2 || $info != *\"tls_required\":true* ]] || exit 0
    printf "CONNECT {\"verbose\":false,\"user\":\"dyn-slurm\",\"pass\":\"%s\"}\r\nPING\r\n" "$PASSWORD" >&3
    IFS= read -r pong <&3 && [[ $pong == PONG* ]]' nats "$AT" "$TLS" 2>/dev/null ||
    { echo "NATS does not answer yet"; return 1; }
}

# Of a service that no words of ours can ask.
port_answers() {
  at "$1"
  # shellcheck disable=SC2016 # the inner bash expands its own arguments
  timeout 5 bash -c 'exec 3<>"/dev/tcp/${1%:*}/${1##*:}"' port "$AT" 2>/dev/null || { echo "nobody listens at $1 yet"; return 1; }
}

http_answers() {
  HTTP_TIME=10 http GET "$1" "$2" >/dev/null || { echo "http://$1$2 does not answer yet"; return 1; }
}

