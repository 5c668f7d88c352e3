# shellcheck shell=bash
# What a config's `setup` runs on a node before the program of a step starts there; sourced by the steps that have one.

# set_up MODE DEADLINE NAME: runs the script steps/NAME with the environment of the step's command, and ends the task if it
# fails or takes longer than so many seconds. MODE:
#   apart   the step has a file system of its own
#   shared  other steps of the node use the same one, so that only one at a time may change it
#   node    the same, and what has been done on the node is not done again
set_up() {
  local mode=$1 deadline=$2 name=$3 lock=0 began=$SECONDS done=$ATTEMPT_DIR/state/$STEP.$NODE_RANK.$3.done status
  if [[ -n ${DYN_SLURM_REHEARSAL:-} && -z ${DYN_SLURM_REHEARSAL_SETUP:-} ]]; then
    say "setup $name is left out, because a rehearsal must not change this machine"
    return
  fi
  trap 'record 143 1 ""; exit 1' TERM INT USR2
  # The tasks of a program of MPI share the node's file system.
  if ((${SLURM_LOCALID:-0})); then
    until [[ -e $done ]]; do sleep 0.2; done
    trap - TERM INT USR2
    return
  fi
  if [[ $mode != apart ]]; then
    take_lock "$ATTEMPT_DIR/state/${SLURMD_NODENAME:-node}.setup.lock" "setup waits: $name, until another step of this node has run its own" ||
      echo 'dyn-slurm: the run folder is on a file system without locks, so steps of this node may run their setups at the same time'
    began=$SECONDS
    [[ $mode != node ]] || done=$ATTEMPT_DIR/state/${SLURMD_NODENAME:-node}.$name.done
  fi
  if [[ $mode != node || ! -e $done ]]; then
    say "setup begins: $name, for at most $deadline s"
    LOG_START=$(stat -c %s "$LOG" 2>/dev/null || echo 0)
    run_setup "$deadline" "$RUN_DIR/steps/$name"
    status=$?
    ((status == 0)) || fail_setup "$status" "$name" "$deadline" "$((SECONDS - began))"
    : >"$done"
    say "setup ends: $name, after $((SECONDS - began)) s"
  else
    say "setup ends: $name, which another step has run on this node"
  fi
  : >"$ATTEMPT_DIR/state/$STEP.$NODE_RANK.$name.done"
  ((!lock)) || exec {lock}<&-
  trap - TERM INT USR2
  # What it has said is no cause of what comes after it.
  LOG_START=$(stat -c %s "$LOG" 2>/dev/null || echo 0)
}

# run_setup SECONDS SCRIPT: its status. The program is that in its first line, as for the kernel, which would need a file
# system that allows programs. `timeout` passes a signal on to all that the script has started.
run_setup() {
  local child status told=0 first=''
  local -a program=(bash)
  read -r first <"$2"
  [[ $first != '#!'*/* ]] || read -ra program <<<"${first#'#!'}"
  # As for the step's command, see attend.
  trap '' USR2
  { bypass_proxy && start timeout -k 10 "$1" "${program[@]}" "$2"; } {lock}<&- &
  child=$!
  outlast kill -TERM "$child"
  ((!told)) || { record 143 1 '' && exit 1; }
  return "$status"
}

# fail_setup STATUS NAME DEADLINE SECONDS: ends the task, with the last line of the log as the cause.
fail_setup() {
  local why="setup $2 failed with exit code $1"
  # `timeout` answers 124, and 137 where it had to kill.
  (($1 != 124 && $1 != 137 || $4 < $3)) || why="setup $2 was not done after its deadline of $3 s, and was killed"
  # srun may still have lines to write.
  sleep 0.3
  judge_log "$LOG" "$LOG_START"
  [[ $CAUSE_LINE == 'dyn-slurm: '* ]] || why+="${CAUSE_LINE:+: $CAUSE_LINE}"
  say "setup ends: $why"
  record "$1" 0 "$why"
  exit 1
}
