# shellcheck shell=bash
# What the run's owner asks of a job that runs: files in commands/ of the run folder, read line by line, never run. Each
# is answered by an event. ID.command, which is whole once its last line is there:
#
#   restart                           start, stop, restart, drain or release
#   from ada@login1, process 4242     who asks
#   step decode-0 ab12cd              a step that is meant; with the change in commands/changes/ab12cd, or none for the
#   step decode-1                     config's command; without either it stays what it was
#   end

# 1 once commands are taken; while one is carried out.
OPEN=0 BUSY=0
COMMANDS_AT=0
# Seconds that a step which a command stops has to finish requests: Dynamo's workers go on serving for 5 s, then wait for 5 s.
STOP_GRACE=20
# Files that cannot be removed are refused once.
declare -A ANSWERED_FILE=()
# Seconds until a command that is only partly written is refused, and by file: when it was found so.
PART_TIME=10
declare -A PART_AT=()

# take_commands: carries them out one by one, in the order of their names. A release is taken at once, even during another.
take_commands() {
  local file id verb from REFUSAL
  local -a names changes
  # A file system that caches folders shows new files after a change of ours.
  if ((SECONDS >= COMMANDS_AT)); then
    COMMANDS_AT=$((SECONDS + 2))
    { : >"$RUN_DIR/commands/look" && rm -f "$RUN_DIR/commands/look"; } 2>/dev/null
  fi
  for file in "$RUN_DIR"/commands/*.command; do
    [[ -e $file && -z ${ANSWERED_FILE[$file]:-} ]] || continue
    id=${file##*/} id=${id%.command} verb='' from='' REFUSAL='' names=() changes=()
    read_command "$file" || continue
    if [[ -n $REFUSAL || $verb == release ]]; then
      handle_command "$file"
    elif ((OPEN && !BUSY)); then
      BUSY=1
      handle_command "$file"
      BUSY=0
    fi
  done
}

# read_command FILE: sets the caller's verb, from, names and changes, or REFUSAL. Fails while the file is being written.
read_command() {
  local line
  local -a lines=()
  if [[ ! $id =~ ^[0-9]{14}-[0-9a-z]{1,16}$ ]]; then
    REFUSAL="a command has no such name"
    return
  elif [[ -L $1 || ! -f $1 || ! -O $1 || ! $(stat -c %a "$1") =~ ^[0-7]?[0-7][0145][0145]$ ]]; then
    REFUSAL="it is not a file of the run's owner that nobody else may write"
    return
  fi
  mapfile -t -n 1000 lines <"$1"
  if ((${#lines[@]} < 3)) || [[ ${lines[-1]} != end ]]; then
    : "${PART_AT[$id]:=$SECONDS}"
    ((SECONDS >= PART_AT[$id] + PART_TIME)) || return
    REFUSAL="the command is not whole"
  elif [[ ! ${lines[0]} =~ ^(start|stop|restart|drain|release)$ ]]; then
    REFUSAL="there is no command ${lines[0]:0:40}"
  elif [[ ! ${lines[1]} =~ ^from\ ([A-Za-z0-9_@.,\ -]{1,200})$ ]]; then
    REFUSAL="the command does not say whom it is from"
  else
    verb=${lines[0]} from=${BASH_REMATCH[1]}
    for line in "${lines[@]:2:${#lines[@]}-3}"; do
      [[ $line =~ ^step\ ([a-z][a-z0-9-]*)(\ ([0-9a-f]{6}|none))?$ ]] ||
        { REFUSAL="the command has a line that says nothing: ${line:0:40}" && return; }
      names+=("${BASH_REMATCH[1]}") changes+=("${BASH_REMATCH[3]:-}")
    done
  fi
}

# handle_command FILE: carries out what read_command has read, unless it is refused.
handle_command() {
  local taken=${1%.command}.taken reason=$verb
  mv "$1" "$taken" 2>/dev/null || ANSWERED_FILE[$1]=1
  if [[ -z $REFUSAL ]]; then
    event command command="$id" verb="$verb" steps:="$(json_list "${names[@]}")" from="$from"
    case $verb in
      drain) reason="requests under way are answered, and the $WHAT ends" ;;
      release) reason="the $WHAT ends" ;;
      *) change_steps ;;
    esac
  fi
  if [[ -n $REFUSAL ]]; then
    event answer command="$id" outcome=refused reason="$REFUSAL"
  else
    event answer command="$id" outcome=done reason="$reason"
  fi
  rm -f "$taken"
  [[ -z $REFUSAL ]] || return 0
  case $verb in
    drain) drain succeeded "drained by $from" ;;
    release) end succeeded "released by $from" ;;
  esac
}

# refuse_taken: refuses the commands that the previous supervisor was carrying out when it ended.
refuse_taken() {
  local file id
  for file in "$RUN_DIR"/commands/*.taken; do
    [[ -e $file ]] || continue
    id=${file##*/}
    event answer command="${id%.taken}" outcome=refused reason="the supervisor ended while it was at it; see what runs"
    rm -f "$file"
  done
}

# change_steps: starts, stops or restarts the steps of `names`, or sets REFUSAL.
change_steps() {
  check_named
  [[ -n $REFUSAL || $verb == start ]] || stop_named "${names[@]}"
  [[ -n $REFUSAL || $verb == stop ]] || start_named
}

# check_named: sets REFUSAL where a step does not take commands, has no such change, or runs already and is to be started.
check_named() {
  local index name script
  for index in "${!names[@]}"; do
    name=${names[index]} script=$RUN_DIR/commands/changes/${changes[index]}/${names[index]}.sh
    case ${STEP_KIND[$name]:-} in
      '') REFUSAL="there is no step $name" ;;
      worker | frontend | nginx) ;;
      bench)
        ! is_up bench || [[ ${STEP_POLICY[bench]} != end || -n ${STEP_ASKED[bench]:-} ]] ||
          REFUSAL="the job ends with its benchmark"
        ;;
      *) REFUSAL="$name belongs to the $WHAT itself" ;;
    esac
    [[ ${changes[index]:-none} == none || -O $script ]] || REFUSAL="there is no change ${changes[index]} of $name"
    [[ -z $REFUSAL ]] || return 0
  done
  for name in "${names[@]}"; do
    [[ -n $REFUSAL || $verb != start ]] || ! is_up "$name" || REFUSAL="$name runs already; restart it"
  done
}

# start_named: starts them, once nothing of their former tasks is left. If a step ends before it serves, that is reported, and
# nothing else follows.
start_named() {
  local index name until=$((SECONDS + STOP_GRACE + 4))
  for name in "${names[@]}"; do
    while alive "$name"; do
      ((SECONDS < until)) || { REFUSAL="the tasks of $name that has ended are still there; try again" && return; }
      sleep 0.05
      check_steps
    done
  done
  for index in "${!names[@]}"; do
    name=${names[index]}
    if [[ -n ${changes[index]} ]]; then
      STEP_CHANGE[$name]=${changes[index]}
      event step-changed step="$name" change="${changes[index]}"
    fi
    STEP_ASKED[$name]=1 STEP_RESTARTS[$name]=0 WHOLE=0
    ((!READY)) || note_former "$name"
    start_step "$name"
    STEP_STATE[$name]=up
    [[ -z ${STEP_PROBE[$name]:-} ]] || STEP_STATE[$name]=back
    # A look at its former process no longer counts.
    LOOK[$name.look]='' LOOK_AT[$name.look]=0
  done
}

# stop_named NAME...: stops those that run, and returns when they have ended.
stop_named() {
  local name grace=$STOP_GRACE
  local -a running=()
  for name in "$@"; do
    [[ ${STEP_STATE[$name]} == @(up|back|ending|resting) ]] || continue
    running+=("$name")
    # From now on its end is expected.
    STEP_STATE[$name]=stopped
    STEP_UNTIL[$name]=$((SECONDS + STOP_GRACE))
  done
  ((${#running[@]})) || return 0
  [[ -z $OWNED ]] || WHOLE=0
  [[ ${running[*]} != bench ]] || grace=$BENCH_GRACE
  stop_steps "$grace" "${running[@]}"
  watch_bench
  for name in "${running[@]}"; do
    event step-stopped step="$name" role="${STEP_ROLE[$name]}"
  done
}
