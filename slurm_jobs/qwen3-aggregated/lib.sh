# shellcheck shell=bash
# The job's own side, sourced by job.sbatch: binds the plan's node indices to hosts, launches the steps, waits until
# the service is ready, names the first thing that fails, and takes everything down. Only this shell writes
# events.jsonl, one JSON object a line; the last one is the verdict.

set -uo pipefail
umask 077

STEPS=()
declare -A STEP_PID STEP_KIND STEP_ROLE
declare -A CAUSE=()
EXPECTED=()
OUTCOME=''
REASON=''
PROBED=''
LOGGED=''
PROGRESS=0
STARTED=$(date +%s%3N)
# Seconds that a step has to end in after SIGTERM. Slurm's KillWait, after which it kills the job, is 30 by default.
GRACE=8

# begin DEADLINE STALL: both in seconds, from start to ready.
begin() {
  DEADLINE=$1
  STALL=$2
  # sbatch --export=NONE would reach srun too: https://slurm.schedmd.com/sbatch.html, SLURM_EXPORT_ENV.
  export RUN_DIR SLURM_EXPORT_ENV=ALL
  scrub
  mkdir -p "$RUN_DIR/logs" "$RUN_DIR/state"
  trap finish EXIT
  trap 'end cancelled "cancelled"' TERM INT
  trap 'event draining reason="the time limit is near"; end timeout "served until the time limit"' USR1
  # The names that Dynamo reads. A letter comes first: NATS takes a value that looks like a number for one.
  printf 'export NATS_AUTH_USERNAME=dyn-slurm NATS_AUTH_PASSWORD=p%s\n' "$(random_hex)" >"$RUN_DIR/state/credentials"
  event job-started job="$SLURM_JOB_ID" attempt:="${SLURM_RESTART_COUNT:-0}" nodes:="$SLURM_JOB_NUM_NODES"
}

# What the submitting shell leaked would steer our steps and the services.
scrub() {
  local name
  for name in "${!SBATCH_@}" "${!SRUN_@}" "${!PMI_@}" "${!PMIX_@}" "${!SLURM_CPU_BIND@}" "${!SLURM_MEM_BIND@}" \
    "${!ETCD_@}" "${!NATS_@}" "${!DYN_@}"; do
    [[ $name == DYN_SLURM_* ]] || unset "$name"
  done
}

random_hex() {
  od -An -N 24 -tx1 /dev/urandom | tr -d ' \n'
}

# event KIND NAME=TEXT NAME:=JSON ...: empty texts are left out.
event() {
  local line field
  line="{\"time\":\"$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)\",\"kind\":\"$1\""
  shift
  for field in "$@"; do
    [[ $field =~ ^([a-zA-Z]+)(:?=)(.*)$ && -n ${BASH_REMATCH[3]} ]] || continue
    if [[ ${BASH_REMATCH[2]} == := ]]; then
      line+=",\"${BASH_REMATCH[1]}\":${BASH_REMATCH[3]}"
    else
      line+=",\"${BASH_REMATCH[1]}\":$(json_text "${BASH_REMATCH[3]}")"
    fi
  done
  printf '%s}\n' "$line" | tee -a "$RUN_DIR/events.jsonl"
}

# Seconds since the job started, with milliseconds.
since_start() {
  local ms=$(($(date +%s%3N) - STARTED))
  printf '%d.%03d' "$((ms / 1000))" "$((ms % 1000))"
}

json_text() {
  local LC_ALL=C text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

json_list() {
  local item list=''
  for item in "$@"; do
    list+=",$(json_text "$item")"
  done
  printf '[%s]' "${list#,}"
}

# bind_nodes COUNT INTERFACE: sets NODE and NODE_IP by index, and hands both to the steps.
bind_nodes() {
  local want=$1 interface=$2 host addresses index list=''
  declare -A address=()
  mapfile -t NODE < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
  ((${#NODE[@]} == want)) || end failed "the plan needs $want nodes, the allocation $SLURM_JOB_NODELIST has ${#NODE[@]}"
  # srun's own messages stay on stderr: merged into an address they lost jobs (ishandhanani/srt-slurm#250).
  srun --nodes="$want" --ntasks="$want" --ntasks-per-node=1 --job-name=address --overlap --mpi=none --cpu-bind=none \
    --input=none bash "$RUN_DIR/address.sh" "$interface" >"$RUN_DIR/state/addresses" &
  wait $! || end failed "could not ask every node for its address; see job.log"
  while read -r host addresses; do
    address[$host]=$addresses
  done <"$RUN_DIR/state/addresses"
  NODE_IP=()
  for index in "${!NODE[@]}"; do
    host=${NODE[$index]}
    [[ ${address[$host]:-} =~ ^[0-9.]+$ ]] ||
      end failed "$host must have one IPv4 address on interface $interface, it has: ${address[$host]:-none}"
    NODE_IP+=("${address[$host]}")
    list+=",{\"index\":$index,\"host\":$(json_text "$host"),\"ip\":\"${NODE_IP[$index]}\"}"
  done
  export DYN_SLURM_NODES="${NODE[*]}" DYN_SLURM_NODE_IPS="${NODE_IP[*]}"
  event nodes-bound nodes:="[${list#,}]"
}

# launch NAME KIND ROLE NODE_INDEX... -- COMMAND...: starts a step in the background.
launch() {
  local name=$1 kind=$2 role=$3
  local -a hosts=()
  shift 3
  while [[ $1 != -- ]]; do
    hosts+=("${NODE[$1]}")
    shift
  done
  shift
  "$@" </dev/null &
  STEPS+=("$name")
  STEP_PID[$name]=$!
  STEP_KIND[$name]=$kind
  STEP_ROLE[$name]=$role
  event step-started step="$name" role="$role" nodes:="$(json_list "${hosts[@]}")"
}

# await WHAT PROBE...: repeats PROBE until it succeeds, and watches the steps meanwhile. What the probe prints says what
# is still missing; a change of that, or of the size of any log, is progress.
await() {
  local what=$1 probe
  shift
  while :; do
    "$@" >"$RUN_DIR/state/probe" 2>&1 &
    probe=$!
    while kill -0 "$probe" 2>/dev/null; do
      sleep 0.05
      check_steps
    done
    wait "$probe" && report_probe "$what" && return
    report_probe "$what"
    check_limits "$what"
    sleep 0.2
    check_steps
  done
}

report_probe() {
  local text line word
  text=$(<"$RUN_DIR/state/probe")
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
  logged=$(stat -c '%n %s' "$RUN_DIR"/logs/* 2>/dev/null)
  if [[ $logged != "$LOGGED" ]]; then
    LOGGED=$logged
    PROGRESS=$SECONDS
  fi
  ((SECONDS < DEADLINE)) || end deadline "not ready after $DEADLINE s, waiting for $1: ${PROBED##*$'\n'}"
  ((SECONDS - PROGRESS < STALL)) || end deadline "no progress for $STALL s, waiting for $1: ${PROBED##*$'\n'}"
}

# http METHOD ADDRESS:PORT PATH [BODY]: prints the answer's body; fails unless the status is 2xx. Nodes may lack curl.
# What may be secret, the body and AUTHORIZATION, travels in the environment: other users see arguments.
http() {
  # shellcheck disable=SC2016 # the inner bash expands its own arguments
  BODY=${4:-} AUTHORIZATION=${AUTHORIZATION:-} timeout 60 bash -c '
    LC_ALL=C
    exec 3<>"/dev/tcp/${2%:*}/${2##*:}" || exit 1
    printf "%s %s HTTP/1.0\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s" \
      "$1" "$3" "$2" "$AUTHORIZATION" "${#BODY}" "$BODY" >&3
    IFS= read -r status <&3 || exit 1
    while IFS= read -r header <&3 && [[ ${#header} -gt 1 ]]; do :; done
    cat <&3
    [[ $status == HTTP/1.?\ 2* ]]' http "$1" "$2" "$3" 2>/dev/null
}

# await_service STEP PROBE ADDRESS:PORT ...
await_service() {
  local step=$1
  await "$step" "${@:2}"
  event service-ready step="$step" seconds:="$(since_start)"
}

etcd_answers() {
  [[ $(http GET "$1" /health) == *'"health":"true"'* ]] || { echo "etcd does not answer yet"; return 1; }
}

# lock_etcd ADDRESS:PORT: from now on etcd asks for the job's own user and password. It starts without, because etcd
# can only be told of users while it runs.
lock_etcd() {
  local password account=/v3/auth answer
  password=$(random_hex)
  http POST "$1" "$account/user/add" "{\"name\":\"root\",\"password\":\"$password\"}" >/dev/null &&
    http POST "$1" "$account/role/add" '{"name":"root"}' >/dev/null &&
    http POST "$1" "$account/user/grant" '{"user":"root","role":"root"}' >/dev/null &&
    http POST "$1" "$account/enable" '{}' >/dev/null &&
    answer=$(http POST "$1" "$account/authenticate" "{\"name\":\"root\",\"password\":\"$password\"}") &&
    [[ $answer =~ \"token\":\"([^\"]+)\" ]] || end failed "etcd does not take a password"
  ETCD_TOKEN=${BASH_REMATCH[1]}
  printf 'export ETCD_AUTH_USERNAME=root ETCD_AUTH_PASSWORD=%s\n' "$password" >>"$RUN_DIR/state/credentials"
}

# Logs in, so that it is our NATS that answers, and asks for JetStream, without which Dynamo fails in silence.
nats_answers() {
  (
    # shellcheck source=/dev/null
    . "$RUN_DIR/state/credentials"
    # shellcheck disable=SC2016
    timeout 5 bash -c '
      exec 3<>"/dev/tcp/${1%:*}/${1##*:}" || exit 1
      IFS= read -r info <&3 && [[ $info == INFO*\"jetstream\":true* ]] || exit 1
      printf "CONNECT {\"verbose\":false,\"user\":\"%s\",\"pass\":\"%s\"}\r\nPING\r\n" \
        "$NATS_AUTH_USERNAME" "$NATS_AUTH_PASSWORD" >&3
      IFS= read -r pong <&3 && [[ $pong == PONG* ]]' nats "$1" 2>/dev/null
  ) || { echo "NATS does not answer yet"; return 1; }
}

http_answers() {
  http GET "$1" "$2" >/dev/null || { echo "http://$1$2 does not answer yet"; return 1; }
}

# expect ROLE WORKERS COMPONENT ENDPOINT ETCD_RANGE: ETCD_RANGE is the body of a count of its keys.
expect() {
  EXPECTED+=("$1|$2|$3|$4|$5")
}

# await_ready MODEL MODEL_PATH COMPLETION ETCD ENTRY FRONTEND...: the last three are ADDRESS:PORT. MODEL_PATH is that of
# /v1/models/{id}/ready, empty for Dynamo 0.x, which lacks it.
await_ready() {
  local model=$1 path=$2 completion=$3 etcd=$4 entry=$5
  shift 5
  await 'the workers to register' workers_registered "$etcd"
  await 'the frontends to see the workers' frontends_see "$@"
  await 'the model to be listed' model_listed "$model" "$path" "$@"
  await 'a completion' completes "$entry" "$completion"
  event ready url="http://$entry" model="$model" seconds:="$(since_start)"
}

workers_registered() {
  local entry role want component endpoint range answer have missing=0
  for entry in "${EXPECTED[@]}"; do
    IFS='|' read -r role want component endpoint range <<<"$entry"
    answer=$(AUTHORIZATION=${ETCD_TOKEN:+Authorization: $ETCD_TOKEN$'\r\n'} http POST "$1" /v3/kv/range "$range") || answer=''
    have=0
    [[ ! $answer =~ \"count\":\"([0-9]+)\" ]] || have=${BASH_REMATCH[1]}
    echo "registered $role $have $want"
    ((have >= want)) || missing=1
  done
  ((!missing))
}

# Counts /health's instances by component, whatever the order of their keys.
frontends_see() {
  local frontend entry role want component endpoint range have
  for frontend in "$@"; do
    for entry in "${EXPECTED[@]}"; do
      IFS='|' read -r role want component endpoint range <<<"$entry"
      have=$(http GET "$frontend" /health | tr '{}' '\n' | grep -F "\"endpoint\":\"$endpoint\"" | grep -cF "\"component\":\"$component\"")
      ((have >= want)) || { echo "frontend $frontend sees $have of $want $role workers"; return 1; }
    done
  done
}

model_listed() {
  local model=$1 path=$2 frontend
  shift 2
  for frontend in "$@"; do
    http GET "$frontend" /v1/models | grep -qF "\"id\":$(json_text "$model")" ||
      { echo "frontend $frontend does not list $model yet"; return 1; }
    [[ -z $path ]] || http GET "$frontend" "$path" | grep -q '^{[^{]*"ready":true' ||
      { echo "frontend $frontend says that $model is not ready"; return 1; }
  done
}

completes() {
  local answer
  answer=$(http POST "$1" /v1/chat/completions "$2")
  [[ $answer =~ \"completion_tokens\":[1-9] ]] || { echo "a completion gave no tokens: ${answer:0:200}"; return 1; }
}

# supervise: returns only through `end`.
supervise() {
  while :; do
    sleep 1 &
    wait -n
    check_steps
  done
}

# Nothing that was launched may end by itself.
check_steps() {
  local name
  for name in "${STEPS[@]}"; do
    kill -0 "${STEP_PID[$name]}" 2>/dev/null || blame "$name"
  done
  ! compgen -G "$RUN_DIR/state/*.exit" >/dev/null || blame ''
}

# blame STEP: ends the job with the first cause: the earliest task that ended without having been told to.
# STEP is the one whose srun ended, or empty.
blame() {
  local name=$1
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    if first_end; then
      [[ ${STEP_KIND[${CAUSE[step]}]:-} != bench || ${CAUSE[exit]:-1} != 0 ]] || succeed
      end failed "$REASON"
    fi
    sleep 0.1
  done
  if compgen -G "$RUN_DIR/state/*.exit" >/dev/null; then
    end cancelled "the job's steps were told to end from outside the job"
  fi
  # bash may have forgotten the status of a child that `wait -n` returned for; it then answers 127.
  wait "${STEP_PID[$name]}" 2>/dev/null
  CAUSE=([step]=$name [role]=${STEP_ROLE[$name]} [exit]=$? [line]="$(grep -a '^srun: error' "$RUN_DIR/job.log" | tail -n 1)")
  end failed "the srun of step $name ended before its command could say why"
}

succeed() {
  CAUSE=()
  end succeeded "the benchmark has ended"
}

# Sets CAUSE and REASON from the exit records, which task.sh describes.
first_end() {
  local file first='' how
  local -a record
  for file in "$RUN_DIR"/state/*.exit; do
    [[ -r $file ]] || continue
    mapfile -t record <"$file"
    [[ ${record[2]:-1} == 0 ]] || continue
    [[ -z $first || ${record[0]} < ${first} ]] || continue
    first=${record[0]}
    file=${file##*/}
    file=${file%.exit}
    CAUSE=([step]=${file%.*} [rank]=${file##*.} [node]=${record[3]} [line]=${record[4]:-})
    if ((record[1] > 128)) && how=$(kill -l "${record[1]}" 2>/dev/null); then
      CAUSE[signal]=$how
      how="was killed by SIG$how"
    else
      CAUSE[exit]=${record[1]}
      how="exited with code ${record[1]}"
    fi
    CAUSE[role]=${STEP_ROLE[${CAUSE[step]}]:-}
    REASON="${CAUSE[step]} on ${CAUSE[node]} $how"
  done
  [[ -n $first ]]
}

cause_fields() {
  local name
  for name in step role node line signal; do
    printf '%s\0' "$name=${CAUSE[$name]:-}"
  done
  for name in rank exit; do
    printf '%s\0' "$name:=${CAUSE[$name]:-}"
  done
}

# end OUTCOME REASON: leaves through the EXIT trap, which alone tears down.
end() {
  OUTCOME=$1
  REASON=$2
  case $OUTCOME in
    succeeded | timeout) exit 0 ;;
    *) exit 1 ;;
  esac
}

finish() {
  local status=$?
  local -a cause
  trap '' TERM INT HUP USR1
  trap - EXIT
  if [[ -z $OUTCOME ]]; then
    OUTCOME=failed
    REASON="job.sbatch ended by itself with code $status; see job.log"
  fi
  mapfile -d '' -t cause < <(cause_fields)
  ((${#CAUSE[@]} == 0)) || event process-ended reason="$REASON" "${cause[@]}"
  event teardown outcome="$OUTCOME" reason="$REASON"
  # Workers first: without etcd they would wait to unregister.
  stop bench
  stop worker
  stop frontend nginx
  stop nats etcd
  rm -f "$RUN_DIR/state/credentials"
  event verdict outcome="$OUTCOME" reason="$REASON" seconds:="$(since_start)" "${cause[@]}"
}

# stop KIND...: asks those steps to end, and kills what is left of them after GRACE seconds. srun passes USR2 on to
# task.sh, which sends its command SIGTERM; to SIGTERM srun itself answers by killing the whole step.
stop() {
  local name until=$((SECONDS + GRACE))
  local -a pids=()
  for name in "${STEPS[@]}"; do
    [[ " $* " != *" ${STEP_KIND[$name]} "* ]] || pids+=("${STEP_PID[$name]}")
  done
  ((${#pids[@]})) || return 0
  kill -USR2 "${pids[@]}" 2>/dev/null
  while kill -0 "${pids[@]}" 2>/dev/null && ((SECONDS < until)); do
    sleep 0.05
  done
  kill -TERM "${pids[@]}" 2>/dev/null
}
