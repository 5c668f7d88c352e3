# shellcheck shell=bash disable=SC2004,SC2034,SC2153,SC2154 # the parts of lib.sh share their variables
# Whether frontends have taken a worker that was started again.

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
    tail -qc 16000000 "$ATTEMPT_DIR/logs/$frontend".*.log 2>/dev/null | grep -aqE "Rejected incompatible workers.*/$1\"" || continue
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
