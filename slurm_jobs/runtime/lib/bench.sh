# shellcheck shell=bash disable=SC2004,SC2034,SC2153,SC2154 # the parts of lib.sh share their variables
# Benchmarks: the config's, with which the job ends, and others that `dyn-slurm bench` asks for while the job serves.

# 1 once the job serves on after its benchmark.
BENCH_ASIDE=0
# Lines of state/bench.points that are events already.
BENCH_READ=''
BENCH_LOOK_AT=0
# Seconds that a tool which is told to end has to write what it has.
BENCH_GRACE=20

# watch_bench: makes events of what bench.sh tells of its measurements.
watch_bench() {
  local file=$ATTEMPT_DIR/state/bench.points state name index of concurrency status seconds
  local -a lines=()
  [[ ! -r $file ]] || mapfile -t lines <"$file"
  # The supervisor of a session may be a second one.
  : "${BENCH_READ:=${#lines[@]}}"
  while ((BENCH_READ < ${#lines[@]})); do
    read -r state name index of concurrency status seconds <<<"${lines[$BENCH_READ]}"
    ((++BENCH_READ))
    event bench-point step=bench name="$name" state="$state" index:="$index" of:="$of" concurrency:="$concurrency" \
      exit:="${status#-}" seconds:="${seconds#-}"
  done
}

# lose_bench: the benchmark has ended by itself.
lose_bench() {
  watch_bench
  if ((!BENCH_ASIDE)); then
    [[ ${CAUSE[exit]:-1} == 0 ]] || return 0
    CAUSE=()
    end succeeded "the benchmark has ended"
  fi
  report step-ended
  rest_bench
}

rest_bench() {
  STEP_STATE[bench]=lost
  STEP_UNTIL[bench]=$((SECONDS + GRACE))
  rm -f "$ATTEMPT_DIR"/state/bench.*.exit
  CAUSE=()
}

# take_bench: what `dyn-slurm bench` asks for, in state/ID.bench: a line for this shell, and then a line `# end`.
take_bench() {
  local file
  local -a lines
  ((SECONDS >= BENCH_LOOK_AT)) || return 0
  BENCH_LOOK_AT=$((SECONDS + 2))
  # A file system that caches folders looks again after a change of ours.
  { : >"$RUN_DIR/state/look" && rm -f "$RUN_DIR/state/look"; } 2>/dev/null
  for file in "$RUN_DIR"/state/*.bench; do
    [[ -r $file ]] || continue
    mapfile -t lines <"$file"
    [[ ${lines[-1]:-} == '# end' ]] || continue
    mv "$file" "$file.taken" || continue
    # shellcheck source=/dev/null
    . "$file.taken"
  done
}

# launch_bench COMMAND...: on the head node; the job goes on after it.
launch_bench() {
  if is_up bench; then
    event warning step=bench reason="a benchmark runs already; another one was not started"
    return 0
  fi
  if [[ -z ${STEP_KIND[bench]:-} ]]; then
    enlist bench bench '' 0 -- "$@"
  else
    printf -v "STEP_COMMAND[bench]" '%q ' "$@"
  fi
  BENCH_ASIDE=1
  rm -f "$ATTEMPT_DIR"/state/bench.*.exit
  start_step bench
  STEP_STATE[bench]=up
}

# stop_bench: one that was asked for.
stop_bench() {
  is_up bench && ((BENCH_ASIDE)) || return 0
  STEP_STATE[bench]=lost
  stop_steps "$BENCH_GRACE" bench
  watch_bench
  event step-stopped step=bench
  rest_bench
}
