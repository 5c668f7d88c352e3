# shellcheck shell=bash
# The container that all steps of a node share, where the plan has the steps `container` and `cleanup`.

# Seconds that nodes have to remove a container, which is some hundred thousand files.
REMOVAL_TIME=120

# await_container STEP: until the container is there on each of its nodes.
await_container() {
  local lacking
  [[ ${STEP_STATE[$1]} != over ]] || return 0
  await_over "$1" 'the container to be unpacked from the image'
  if ! ended_well "$1"; then
    find_cause "$1"
    # Where the container is there, and lacks something, that is the cause.
    lacking=$(step_said "$1" '^dyn-slurm: the image has no ')
    CAUSE[line]=${lacking:-${CAUSE[line]:-}}
    end failed "no container${CAUSE[node]:+ on ${CAUSE[node]}}: ${CAUSE[line]:-$REASON}"
  fi
  STEP_STATE[$1]=over
  event service-ready step="$1" seconds:="$(since_start)"
  # The time without progress begins here.
  PROGRESS=$SECONDS
}

# ended_well STEP: whether its srun ended with 0, as far as can be known of one that another supervisor started.
ended_well() {
  wait "${STEP_PID[$1]}" 2>/dev/null && return 0
  [[ $? == 127 && -n ${SAVED[$1]:-} && -z $(step_said "$1" '^srun: error: ') ]]
}

# remove_containers: once all that ran in them has ended.
remove_containers() {
  local name=cleanup
  [[ -n ${STEP_PID[$name]:-} ]] || return 0
  # For a task that does not listen for signals yet.
  : >"$ATTEMPT_DIR/state/over"
  stop_steps "$REMOVAL_TIME" "$name"
  ended_well "$name" ||
    event warning reason="nodes may have kept the container pyxis_$CONTAINER, which needs disk or memory: logs/$name.*.log say which; \`enroot remove --force pyxis_$CONTAINER\` there removes it"
}
