# shellcheck shell=bash
# When the service counts as ready: the workers are registered, every frontend sees them, and a sample request has a result.

# The roles of workers, and by role: how many registrations there are when all workers run, of which component and endpoint,
# and the body of a request for the number of its keys in etcd. Without Dynamo see servers.sh.
ROLES=()
declare -A WANTED=() COMPONENT=() ENDPOINT=() KEYS=()
# See `service`, and `sample`.
MODEL_PATH='' FRONTENDS=()
SURFACE=chat SAMPLE='' SAMPLE_PATH='' SAMPLE_BODY='' PROOF=''
# 1 once it was ready.
READY=0
# Seconds that a worker that is dead stays registered; by role, until when one may be, in seconds of the job.
LEASE=0
declare -A LEASE_UNTIL=()

# expect ROLE REGISTRATIONS COMPONENT ENDPOINT KEYS
expect() {
  ROLES+=("$1")
  # shellcheck disable=SC2034 # only Dynamo's frontends tell endpoints apart
  WANTED[$1]=$2 COMPONENT[$1]=$3 ENDPOINT[$1]=$4 KEYS[$1]=$5
}

# service MODEL MODEL_PATH ETCD ENTRY FRONTEND...: what readiness is about; the last three are ADDRESS:PORT.
# MODEL_PATH is that of /v1/models/{id}/ready, empty for Dynamo 0.x, which lacks it; without Dynamo, where a router says
# that it can serve.
service() {
  MODEL=$1 MODEL_PATH=$2 ETCD=$3 ENTRY=$4
  FRONTENDS=("${@:5}")
}

# sample SURFACE NAME PATH BODY PROOF: what clients ask the service for, and a request for it; PROOF is a regular expression
# for an answer with a result. Without a NAME nothing is asked.
sample() {
  SURFACE=$1 SAMPLE=$2 SAMPLE_PATH=$3 SAMPLE_BODY=$4 PROOF=$5
}

await_ready() {
  local name
  WHOLE=1
  ((!READY)) || return 0
  await 'the workers to register' workers_registered "$ETCD"
  ! has servers || await_routers
  await 'the frontends to see the workers' frontends_see "${FRONTENDS[@]}"
  await 'the model to be listed' model_listed "$MODEL" "$MODEL_PATH" "${FRONTENDS[@]}"
  [[ -z $SAMPLE ]] || await "$SAMPLE" sample_works "$ENTRY"
  READY=1
  for name in "${STEPS[@]}"; do
    [[ ${STEP_STATE[$name]} != back ]] || STEP_STATE[$name]=up
  done
  announce_ready
}

# announce_ready: the event `ready`, which says so where engines are mock: figures of such a service say nothing about GPUs.
announce_ready() {
  local name log head='' engines=''
  for name in "${STEPS[@]}"; do
    [[ -n ${STEP_ROLE[$name]} ]] || continue
    for log in "$ATTEMPT_DIR/logs/$name".*.log; do
      # As the log of a rehearsal's engine begins, and that of dynamo.mocker.
      [[ ! -r $log ]] || LC_ALL=C IFS= read -r -d '' -n 4096 head <"$log" || true
      [[ $head != *dynamo.mocker* && $head != *' mocker worker'* && $head != 'rehearsal: '* ]] || engines=mock
    done
  done
  at "$ENTRY"
  event ready url="http://$AT" model="$MODEL" seconds:="$(since_start)" engines="$engines" surface="${SURFACE#chat}"
}

# service_answers: all of that at once, for workers that have been started again.
service_answers() {
  workers_registered "$ETCD" && frontends_see "${FRONTENDS[@]}" &&
    model_listed "$MODEL" "$MODEL_PATH" "${FRONTENDS[@]}" && sample_works "$ENTRY"
}

workers_registered() {
  local role missing=0
  for role in "${ROLES[@]}"; do
    if ! count_registered "$1" "$role"; then
      HTTP_TIME=10 lift_alarms "$1"
      echo "etcd does not say which workers are registered${ALARMS:+; it had the alarm $ALARMS, which is lifted now}"
      return 1
    fi
    count_wanted "$role" up back ending resting
    echo "registered $role $HAVE $WANT"
    ((HAVE >= WANT)) || missing=1
    # A worker that was killed stays registered until its lease runs out.
    if ((SECONDS < ${LEASE_UNTIL[$role]:-0})); then
      echo "the lease of a $role worker that was lost runs out"
      missing=1
    fi
  done
  ((!missing))
}

# count_wanted ROLE STATE...: sets WANT to the registrations of its workers in those states. All register equally often.
count_wanted() {
  local name all=0 some=0
  for name in "${STEPS[@]}"; do
    [[ ${STEP_ROLE[$name]} == "$1" ]] || continue
    ((++all))
    [[ " ${*:2} " != *" ${STEP_STATE[$name]} "* ]] || ((++some))
  done
  WANT=${WANTED[$1]}
  ((all == 0)) || WANT=$((WANT * some / all))
}

# sample_works ADDRESS:PORT
sample_works() {
  local answer
  [[ -n $SAMPLE ]] || return 0
  answer=$(http POST "$1" "$SAMPLE_PATH" "$SAMPLE_BODY")
  # A failed worker can leave an answer with tokens and the error beside them.
  [[ ! $answer =~ \"finish_reason\":\ ?\"error\"|\"error\":\ ?[\{\"] ]] || { echo "$SAMPLE failed: ${answer:0:200}"; return 1; }
  [[ $answer =~ $PROOF ]] || { echo "$SAMPLE gave no result: ${answer:0:200}"; return 1; }
}
