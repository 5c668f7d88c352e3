#!/usr/bin/env bash
# Runs a benchmark's tool, once for each measurement:
#   bench.sh OF ::: KIND INDEX CONCURRENCY FOLDER LIMIT SIGNAL COMMAND... ::: ...
# OF: how many measurements the benchmark has. KIND: point, warm-up for requests that do not count, accuracy for questions
# with known answers, or command for one that leaves what it wants. FOLDER: in DYN_SLURM_RESULTS. LIMIT: seconds, 0 for none. SIGNAL ends the command so that it keeps what it can. What it leaves of
# each measurement is FOLDER/point, see `note`. A measurement that is whole already, of an earlier attempt too, is left out.

set -u
umask 077
# shellcheck source=environment.sh
. "$DYN_SLURM_RUN_DIR/runtime/environment.sh" || exit 1
# The tool gets what this script was given, and no more.
WORDS=()
NAME=${DYN_SLURM_RESULTS##*/}
POINTS=$DYN_SLURM_ATTEMPT_DIR/state/bench.points
OF=$1
shift
TOLD=0
CHILD=''
# Nothing is ever written to it: a read of it is a sleep that starts no process.
exec {NEVER}<> <(:)

trap 'TOLD=1; end_child' TERM INT

end_child() {
  [[ -z $CHILD ]] || kill -"$SIGNAL" "$CHILD" 2>/dev/null
}

# say STATE [EXIT SECONDS]: writes it to the log, and to lib.sh, which makes an event of it.
say() {
  if [[ $KIND == accuracy ]]; then
    echo "== accuracy: $1${3:+ after $3 s, exit $2}"
    return
  fi
  printf '%s %s %s %s %s %s %s\n' "$1" "$NAME" "$INDEX" "$OF" "$CONCURRENCY" "${2:--}" "${3:--}" >>"$POINTS"
  case $1 in
    begun) echo "== benchmark $INDEX of $OF, concurrency $CONCURRENCY" ;;
    skipped) echo "== benchmark $INDEX of $OF, concurrency $CONCURRENCY: already measured" ;;
    ended) echo "== benchmark $INDEX of $OF, concurrency $CONCURRENCY: ended after $3 s, exit $2" ;;
    late) echo "== benchmark $INDEX of $OF, concurrency $CONCURRENCY: ended at its time limit of $LIMIT s" ;;
  esac
}

# note [ENDED STATUS HOW]: times in ms since 1970. HOW: itself, told (the job or a person ended it) or late (at LIMIT).
note() {
  local file=$DYN_SLURM_RESULTS/$FOLDER/point
  {
    printf 'started %s\n' "$STARTED"
    (($# == 0)) || printf 'ended %s\nstatus %s\nhow %s\n' "$@"
  } >"$file.part" && mv "$file.part" "$file"
}

# whole: whether the measurement has been made before.
whole() {
  local file
  for file in "$DYN_SLURM_RESULTS" "$DYN_SLURM_RUN_DIR/results/$NAME" "$DYN_SLURM_RUN_DIR"/attempts/*/results/"$NAME"; do
    file=$file/$FOLDER/point
    [[ -r $file ]] && grep -qx 'status 0' "$file" && grep -qx 'how itself' "$file" && return
  done
  return 1
}

# attend COMMAND...: runs it, until it ends, or is told to, or LIMIT; sets STATUS and LATE.
attend() {
  local until=$((SECONDS + LIMIT)) killed=0
  LATE=0
  become "$@" </dev/null &
  CHILD=$!
  while kill -0 "$CHILD" 2>/dev/null; do
    if ((LIMIT > 0 && SECONDS >= until)); then
      if ((!LATE)); then
        LATE=1
        end_child
      elif ((!killed && SECONDS >= until + 20)); then
        killed=1
        kill -KILL "$CHILD" 2>/dev/null
      fi
    fi
    read -rt 0.2 -u "$NEVER" _
  done
  wait "$CHILD"
  STATUS=$?
  CHILD=''
}

now() {
  date +%s%3N
}

while (($#)); do
  KIND=$2 INDEX=$3 CONCURRENCY=$4 FOLDER=$5 LIMIT=$6 SIGNAL=$7
  shift 7
  COMMAND=()
  while (($#)) && [[ $1 != ::: ]]; do
    COMMAND+=("$1")
    shift
  done
  if [[ $KIND != command ]] && whole; then
    [[ $KIND == warm-up ]] || say skipped
    continue
  fi
  if [[ $KIND == warm-up || $KIND == command ]]; then
    [[ $KIND == command ]] || echo "== warming up for benchmark $INDEX of $OF, concurrency $CONCURRENCY"
    attend "${COMMAND[@]}"
    ((!TOLD)) || exit 143
    # What the service does not do when it warms up, it will not do in the measurement either.
    ((STATUS == 0)) || exit "$STATUS"
    continue
  fi
  # What a measurement that was cut off has left stays, and is not for this one to go on in.
  [[ ! -e $DYN_SLURM_RESULTS/$FOLDER ]] || mv "$DYN_SLURM_RESULTS/$FOLDER" "$DYN_SLURM_RESULTS/cut-off-$FOLDER-$(now)"
  mkdir -p "$DYN_SLURM_RESULTS/$FOLDER" || exit 1
  STARTED=$(now)
  note
  say begun
  attend "${COMMAND[@]}"
  ENDED=$(now)
  if ((TOLD)); then
    note "$ENDED" "$STATUS" told
    say ended "$STATUS" "$(((ENDED - STARTED) / 1000))"
    exit 143
  elif ((LATE)); then
    note "$ENDED" "$STATUS" late
    say late "$STATUS" "$(((ENDED - STARTED) / 1000))"
  else
    note "$ENDED" "$STATUS" itself
    say ended "$STATUS" "$(((ENDED - STARTED) / 1000))"
    ((STATUS == 0)) || exit "$STATUS"
  fi
done
exit 0
