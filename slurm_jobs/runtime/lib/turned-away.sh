# shellcheck shell=bash
# How single workers are registered in etcd, and whether Dynamo's frontends see them, and have taken one that was started again.

# warn_turned_away WORKER: frontends of Dynamo 1.x serve a role with the model card of its first worker. A worker with another
# card is registered, but gets no requests; only the frontends' logs say so.
warn_turned_away() {
  local name=$1 frontend instance
  instance=$(instance_of "$name") && [[ -n $instance ]] || return 0
  frontend=$(refusing "$instance") || return 0
  event warning step="$name" node="$(host_of "$name")" \
    reason="$frontend sends no requests to $name: its model card is not that of the other ${STEP_ROLE[$name]} workers; change all of them, or stop the others first"
}

# refusing INSTANCE: the frontend whose log says that it refuses that worker.
refusing() {
  local frontend
  find_steps frontend
  for frontend in "${NAMES[@]}"; do
    # Not through a pipe, whose status would be tail's: grep ends at the first match.
    grep -aqE "Rejected incompatible workers.*/$1\"" < <(tail -qc 16000000 "$ATTEMPT_DIR/logs/$frontend".*.log 2>/dev/null) || continue
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
  if [[ -z $MODEL_PATH || -z ${WANTED[${STEP_ROLE[$1]:-none}]:-} ]]; then
    sleep 0.5
    return 0
  fi
  until { [[ -n $(instance_of "$1") ]] && all_decided; } || ((SECONDS >= until)); do
    sleep 0.1
  done
}

# all_decided: logs, which are long, are read only where a frontend has not taken all.
all_decided() {
  local role frontend instance taken refused=''
  local -a registered=()
  mapfile -t registered < <(for role in "${ROLES[@]}"; do instances "$role"; done)
  for frontend in "${FRONTENDS[@]}"; do
    taken=$(HTTP_TIME=$ANSWER_IN http GET "$frontend" "$MODEL_PATH" | grep -oE '"workers":[0-9]+' | cut -d : -f 2 | paste -sd +)
    ((${taken:-0} < ${#registered[@]})) || continue
    [[ -n $refused ]] || for instance in "${registered[@]%% *}"; do
      ! refusing "$instance" >/dev/null || refused=$((refused + 1))
    done
    ((${taken:-0} + ${refused:=0} >= ${#registered[@]})) || return 1
  done
}

# instances ROLE: of its registrations, the id and the value, a line each.
instances() {
  local kv key
  while read -r kv || [[ -n $kv ]]; do
    [[ $kv =~ \"key\":\"([^\"]*)\".*\"value\":\"([^\"]*)\" ]] || continue
    key=$(base64 -d <<<"${BASH_REMATCH[1]}")
    printf '%s %s\n' "${key##*/}" "$(base64 -d <<<"${BASH_REMATCH[2]}")"
  done < <(HTTP_TIME=$ANSWER_IN ask_etcd "$ETCD" "${KEYS[$1]/',"count_only":true'/}" | tr '{' '\n')
}

# address_of WORKER: ADDRESS:PORT under which its first rank registers.
address_of() {
  at "${ADDRESS[$(host_of "$1")]:-}:$(sed -nE 's/^  DYN_TCP_RPC_PORT=[^0-9]*([0-9]+).*/\1/p' "$RUN_DIR/env/$1.env")"
  printf '%s' "$AT"
}

# By worker: ids under which it was registered when it was started again. One that was killed stays so until its lease ends.
declare -A FORMER=()

# note_former WORKER
note_former() {
  FORMER[$1]=$(registrations_of "$1")
}

# instance_of WORKER: under which id it is registered now.
instance_of() {
  registrations_of "$1" | grep -vxF -e "${FORMER[$1]:-}" | tail -n 1
}

# registrations_of WORKER: the ids of all registrations at its address, a line each.
registrations_of() {
  [[ -n ${KEYS[${STEP_ROLE[$1]:-none}]:-} ]] || return 0
  instances "${STEP_ROLE[$1]}" | grep -F -e "\"$(address_of "$1")\"" -e "\"$(address_of "$1")/" | cut -d ' ' -f 1
}

# list_away ROLE: those of its workers whose address is in no registration.
list_away() {
  local name values
  values=$(instances "$1")
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} == "$1" && ${STEP_STATE[$name]} == up ]] || continue
    [[ $values == *"\"$(address_of "$name")"[\"/]* ]] || echo "$name"
  done
}

# Counts /health's instances by component, whatever the order of their keys.
frontends_see() {
  local frontend role answer have
  for frontend in "$@"; do
    for role in "${ROLES[@]}"; do
      count_wanted "$role" up back ending resting
      answer=$(HTTP_TIME=10 http GET "$frontend" /health | tr '{}' '\n' | grep -F "\"endpoint\":\"${ENDPOINT[$role]}\"")
      have=$(grep -cF "\"component\":\"${COMPONENT[$role]}\"" <<<"$answer")
      ((have >= WANT)) || { echo "frontend $frontend sees $have of $WANT $role workers"; return 1; }
    done
  done
}

# model_listed MODEL PATH FRONTEND...: PATH answers whether the model is ready; empty where the release has no such route.
model_listed() {
  local model=$1 path=$2 frontend answer
  for frontend in "${@:3}"; do
    grep -qF "\"id\":$(json_text "$model")" < <(HTTP_TIME=10 http GET "$frontend" /v1/models) ||
      { echo "frontend $frontend does not list $model yet"; return 1; }
    [[ -n $path ]] || continue
    answer=$(HTTP_TIME=10 http GET "$frontend" "$path")
    # The route of 1.3.1 does not find a model that is named by its path, which the same frontend lists.
    [[ $answer =~ ^\{[^{]*\"ready\":true || $answer == *'"code":404'* ]] ||
      { echo "frontend $frontend says that $model is not ready"; return 1; }
  done
}
