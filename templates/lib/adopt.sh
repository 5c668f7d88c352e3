# shellcheck shell=bash
# A supervisor that is killed is started again, and takes over what runs: steps outlive it.

# By step, its line of state/supervisor as the previous supervisor left it; empty for the first supervisor.
declare -A SAVED=()
RESUMED=0
SAVED_TEXT=''
# The steps that this supervisor has taken over; of those without their srun, the step's id in Slurm.
ADOPTED=()
declare -A ORPHAN=()
LISTED_AT=0

# keep_supervised ARGUMENT...: all that the first shell of job.sbatch does: it runs job.sbatch as the supervisor,
# starts that again whenever it is killed, and passes signals on. It never returns.
keep_supervised() {
  local flag=-p status tries TOLD='' SUPERVISOR=''
  ! shopt -q login_shell || flag=-l
  trap 'TOLD=TERM; tell_supervisor' TERM INT
  trap 'TOLD=${TOLD:-USR1}; tell_supervisor' USR1
  for ((tries = 0; tries < 10; tries++)); do
    ((!tries)) || echo "dyn-slurm: the supervisor was killed (status $status), and is started again"
    /bin/bash "$flag" "$RUN_DIR/job.sbatch" "--supervise=$TOLD" "$@" &
    SUPERVISOR=$!
    wait_for "$SUPERVISOR"
    status=$?
    ((status > 128)) || exit "$status"
    sleep 0.5
  done
  exit "$status"
}

tell_supervisor() {
  [[ -z $SUPERVISOR ]] || kill -"$TOLD" "$SUPERVISOR" 2>/dev/null
}

# save_state: to state/supervisor, where that has changed: a line of the job's own, and one a step.
save_state() {
  local name text="job $STARTED $JOB_LOG_START $READY $BENCH_READ ${LINES_TOLD[image]:-0} ${LINES_TOLD[install]:-0} ${OUTCOME:--} ${REASON//$'\n'/ }"
  for name in "${STEPS[@]}"; do
    text+=$'\n'"$name ${STEP_KIND[$name]} ${STEP_STATE[$name]} ${STEP_PID[$name]:--} ${STEP_SINCE[$name]:--} ${STEP_UNTIL[$name]:--}"
    text+=" ${STEP_RESTARTS[$name]:--} ${STEP_ASKED[$name]:--} ${STEP_SERVED[$name]:--} ${STEP_CHANGE[$name]:--}"
  done
  [[ $text != "$SAVED_TEXT" ]] || return 0
  SAVED_TEXT=$text
  {
    printf '%s\n' "$text" >"$ATTEMPT_DIR/state/supervisor.part" &&
      mv "$ATTEMPT_DIR/state/supervisor.part" "$ATTEMPT_DIR/state/supervisor"
  } 2>/dev/null
}

# load_state: sets RESUMED where there was a previous supervisor.
load_state() {
  local name rest
  [[ -r $ATTEMPT_DIR/state/supervisor ]] || return 0
  RESUMED=1
  while read -r name rest; do
    if [[ $name == job ]]; then
      read -r STARTED JOB_LOG_START READY BENCH_READ 'LINES_TOLD[image]' 'LINES_TOLD[install]' OUTCOME REASON <<<"$rest"
    else
      SAVED[$name]=$rest
    fi
  done <"$ATTEMPT_DIR/state/supervisor"
  OUTCOME=${OUTCOME#-}
  now
  # Limits count from the start of the job.
  SECONDS=$(((NOW - STARTED) / 1000))
  list_steps 20 || [[ -n $OWNED ]] || : >"$ATTEMPT_DIR/state/listed"
}

# recall_steps: the previous supervisor's steps that job.sbatch has not reached yet, with what it takes to end them.
recall_steps() {
  local name
  for name in "${!SAVED[@]}"; do
    [[ -z ${STEP_KIND[$name]:-} ]] || continue
    STEPS+=("$name")
    read -r "STEP_KIND[$name]" _ <<<"${SAVED[$name]}"
    STEP_ROLE[$name]='' STEP_HOSTS[$name]=''
    adopt_step "$name"
  done
}

# adopt_step NAME: takes it over as the previous supervisor left it.
adopt_step() {
  local name=$1 state pid since until restarts asked served change id
  read -r _ state pid since until restarts asked served change <<<"${SAVED[$name]}"
  STEP_STATE[$name]=$state STEP_SINCE[$name]=${since#-} STEP_UNTIL[$name]=${until#-} STEP_RESTARTS[$name]=${restarts#-}
  STEP_ASKED[$name]=${asked#-} STEP_SERVED[$name]=${served#-} STEP_CHANGE[$name]=${change#-}
  STEP_PID[$name]=''
  if [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == *"--job-name=$name "* ]] 2>/dev/null; then
    STEP_PID[$name]=$pid
  else
    id=$(sed -n "s/^\([0-9.]*\)|$name\$/\1/p" "$ATTEMPT_DIR/state/listed" | head -n 1)
    [[ -z $id ]] || stand_for "$name" "$id"
  fi
  [[ -z ${STEP_PID[$name]} ]] || ADOPTED+=("$name")
}

# stand_for NAME ID: a child process takes the place of the srun that is gone: it passes on the signals that srun would, and
# ends with the step. Without its srun a step gets TERM and no other signal (measured on 22.05), and outlives its dead tasks.
stand_for() {
  local name=$1 id=$2
  (
    trap - EXIT
    trap 'scancel --signal=TERM "$id" 2>/dev/null' USR2
    trap 'scancel "$id" 2>/dev/null' TERM
    while ! all_recorded "$name" && grep -q "^$id|" "$ATTEMPT_DIR/state/listed"; do
      sleep 0.5 &
      wait $!
    done
    scancel "$id" 2>/dev/null
  ) &
  STEP_PID[$name]=$!
  ORPHAN[$name]=$id
}

# all_recorded NAME: whether each of its tasks has ended.
all_recorded() {
  local -a records hosts
  mapfile -t records < <(compgen -G "$ATTEMPT_DIR/state/$1.*.exit")
  read -ra hosts <<<"${STEP_HOSTS[$1]}"
  ((${#records[@]} >= ${#hosts[@]}))
}

# list_steps SECONDS: state/listed holds the job's running steps, as ID|NAME. Where Slurm gives no answer in so many, the
# last one stays.
list_steps() {
  timeout "$1" squeue --noheader --steps --jobs="$SLURM_JOB_ID" --format='%i|%j' >"$ATTEMPT_DIR/state/listed.part" 2>/dev/null &&
    mv "$ATTEMPT_DIR/state/listed.part" "$ATTEMPT_DIR/state/listed"
}

# relist: lists steps again every 10 s, as long as there are steps that have outlived their srun.
relist() {
  ((${#ORPHAN[@]} && SECONDS >= LISTED_AT + 10)) || return 0
  LISTED_AT=$SECONDS
  list_steps 9 &
}

# recall_nodes: binds them as the previous supervisor did; fails where it did not.
recall_nodes() {
  local index
  [[ -s $ATTEMPT_DIR/state/bound ]] || return
  { read -ra NODE_IP && read -r && read -r DYN_SLURM_NODE_INTERFACES && read -ra NODE && read -r PORTS_COLUMN; } \
    <"$ATTEMPT_DIR/state/bound"
  ! has ports || ports_place "$PORTS_COLUMN"
  for index in "${!NODE[@]}"; do
    ADDRESS[${NODE[index]}]=${NODE_IP[index]}
  done
  export DYN_SLURM_NODES="${NODE[*]}" DYN_SLURM_NODE_IPS="${NODE_IP[*]}" DYN_SLURM_NODE_INTERFACES
}
