# shellcheck shell=bash disable=SC2004,SC2034,SC2153,SC2154 # the parts of lib.sh share their variables
# When the service counts as ready: the workers are registered, every frontend sees them, and a completion has tokens.

EXPECTED=()
# 1 once it was.
READY=0
# Seconds that a worker that is dead stays registered; by role, until when one may be, in seconds of the job.
LEASE=0
declare -A LEASE_UNTIL=()

# expect ROLE WORKERS COMPONENT ENDPOINT ETCD_RANGE: ETCD_RANGE is the body of a count of its keys.
expect() {
  EXPECTED+=("$1|$2|$3|$4|$5")
}

# service MODEL MODEL_PATH COMPLETION ETCD ENTRY FRONTEND...: what readiness is about; the last three are ADDRESS:PORT.
# MODEL_PATH is that of /v1/models/{id}/ready, empty for Dynamo 0.x, which lacks it.
service() {
  MODEL=$1 MODEL_PATH=$2 COMPLETION=$3 ETCD=$4 ENTRY=$5
  FRONTENDS=("${@:6}")
}

await_ready() {
  local name
  WHOLE=1
  ((!READY)) || return 0
  await 'the workers to register' workers_registered "$ETCD"
  await 'the frontends to see the workers' frontends_see "${FRONTENDS[@]}"
  await 'the model to be listed' model_listed "$MODEL" "$MODEL_PATH" "${FRONTENDS[@]}"
  await 'a completion' completes "$ENTRY" "$COMPLETION"
  READY=1
  for name in "${STEPS[@]}"; do
    [[ ${STEP_STATE[$name]} != back ]] || STEP_STATE[$name]=up
  done
  announce_ready
}

# announce_ready: the event `ready`, which says so where engines are mock.
announce_ready() {
  local engines=''
  ! mock_engines || engines=mock
  at "$ENTRY"
  event ready url="http://$AT" model="$MODEL" seconds:="$(since_start)" engines="$engines"
}

# mock_engines: whether a worker's log begins as dynamo.mocker's does. Figures of such a service say nothing about GPUs.
mock_engines() {
  local name log head
  for name in "${STEPS[@]}"; do
    [[ -n ${STEP_ROLE[$name]} ]] || continue
    for log in "$ATTEMPT_DIR/logs/$name".*.log; do
      [[ -r $log ]] || continue
      head=''
      LC_ALL=C IFS= read -r -d '' -n 4096 head <"$log" || true
      [[ $head != *dynamo.mocker* && $head != *' mocker worker'* ]] || return 0
    done
  done
  return 1
}

# service_answers: all of that at once, for workers that have been started again.
service_answers() {
  workers_registered "$ETCD" && frontends_see "${FRONTENDS[@]}" &&
    model_listed "$MODEL" "$MODEL_PATH" "${FRONTENDS[@]}" && completes "$ENTRY" "$COMPLETION"
}

workers_registered() {
  local entry role want component endpoint range answer have missing=0
  for entry in "${EXPECTED[@]}"; do
    IFS='|' read -r role want component endpoint range <<<"$entry"
    want=$(wanted "$role" "$want")
    if ! answer=$(HTTP_TIME=10 ask_etcd "$1" "$range"); then
      answer=$(HTTP_TIME=10 lift_alarms "$1")
      echo "etcd does not say which workers are registered${answer:+; it had the alarm $answer, which is lifted now}"
      return 1
    fi
    have=0
    [[ ! $answer =~ \"count\":\"([0-9]+)\" ]] || have=${BASH_REMATCH[1]}
    echo "registered $role $have $want"
    ((have >= want)) || missing=1
    # A worker that was killed stays registered until its lease runs out.
    if ((SECONDS < ${LEASE_UNTIL[$role]:-0})); then
      echo "the lease of a $role worker that was lost runs out"
      missing=1
    fi
  done
  ((!missing))
}

# wanted ROLE INSTANCES: how many instances there can be, of workers that are not lost for good.
wanted() {
  local name all=0 lost=0
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} == "$1" ]] || continue
    ((++all))
    [[ ${STEP_STATE[$name]} != lost && ${STEP_STATE[$name]} != stopped ]] || ((++lost))
  done
  # All workers of a role register equally often.
  if ((lost)); then
    echo "$(($2 * (all - lost) / all))"
  else
    echo "$2"
  fi
}

# Counts /health's instances by component, whatever the order of their keys.
frontends_see() {
  local frontend entry role want component endpoint range have
  for frontend in "$@"; do
    for entry in "${EXPECTED[@]}"; do
      IFS='|' read -r role want component endpoint range <<<"$entry"
      want=$(wanted "$role" "$want")
      have=$(HTTP_TIME=10 http GET "$frontend" /health | tr '{}' '\n' | grep -F "\"endpoint\":\"$endpoint\"" | grep -cF "\"component\":\"$component\"")
      ((have >= want)) || { echo "frontend $frontend sees $have of $want $role workers"; return 1; }
    done
  done
}

# model_listed MODEL PATH FRONTEND...: PATH answers whether the model is ready; empty where the release has no such route.
model_listed() {
  local model=$1 path=$2 frontend answer
  shift 2
  for frontend in "$@"; do
    HTTP_TIME=10 http GET "$frontend" /v1/models | grep -qF "\"id\":$(json_text "$model")" ||
      { echo "frontend $frontend does not list $model yet"; return 1; }
    [[ -n $path ]] || continue
    answer=$(HTTP_TIME=10 http GET "$frontend" "$path")
    # The route of 1.3.1 does not find a model that is named by its path, which the same frontend lists.
    [[ $answer =~ ^\{[^{]*\"ready\":true || $answer == *'"code":404'* ]] ||
      { echo "frontend $frontend says that $model is not ready"; return 1; }
  done
}

completes() {
  local answer
  answer=$(http POST "$1" /v1/chat/completions "$2")
  # A failed worker can leave an answer with tokens and the error beside them.
  [[ ! $answer =~ \"finish_reason\":\"error\"|\"error\":[\{\"] ]] || { echo "a completion failed: ${answer:0:200}"; return 1; }
  [[ $answer =~ \"completion_tokens\":[1-9] ]] || { echo "a completion gave no tokens: ${answer:0:200}"; return 1; }
}
