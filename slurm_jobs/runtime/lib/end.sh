# shellcheck shell=bash
# The end of the job, which always goes through the EXIT trap.

OUTCOME='' REASON=''
# HURRY: 1 when Slurm ends the job. REQUEUED: 1 when Slurm will start it again.
HURRY=0 REQUEUED=0
# File descriptor of what the controller answers to the question whether it will start the job again.
CONTROLLER=''
# Seconds that steps have to end in after SIGTERM. SGLang needs up to 11, and those of its requests that go on 5 more.
GRACE=20
# The same when Slurm ends the job itself, and has told all steps at the same time: it kills the job after its KillWait, which
# is 30 by default.
HASTE=18
# Seconds after the teardown that the controller has to say whether it will start the job again.
ANSWER=5

# end OUTCOME REASON: leaves through the EXIT trap, which alone tears down.
end() {
  OUTCOME=$1
  REASON=$2
  [[ $OUTCOME != @(succeeded|timeout) ]] || exit 0
  exit 1
}

# slurm_says: prints what slurmstepd has written to job.log, if it has ended the job, and why.
slurm_says() {
  tail -c "+$JOB_LOG_START" "$RUN_DIR/job.log" 2>/dev/null |
    grep -aE "$OF_SLURMSTEPD\*\*\* (JOB|STEP) $SLURM_JOB_ID(\.[0-9]+)? ON .* CANCELLED AT" | tail -n 1
}

# on_sigterm: Slurm ends the job, on somebody's behalf, and kills what is left after its KillWait.
on_sigterm() {
  trap '' TERM INT
  HURRY=1
  # A busy controller answers late, and the teardown has no time to wait for it: hear_requeue reads the answer.
  exec {CONTROLLER}< <(exec scontrol show job "$SLURM_JOB_ID" 2>/dev/null)
  case $(slurm_says) in
    *'DUE TO TIME LIMIT'*) end timeout "$(at_time_limit)" ;;
    *'DUE TO NODE FAILURE'*) end failed "$(failed_nodes)" ;;
    *'DUE TO PREEMPTION'*) end cancelled "preempted by a job of higher priority" ;;
    *'DUE TO JOB REQUEUE'*) end cancelled "put back into the queue" ;;
    *)
      [[ ! -e $RUN_DIR/state/passed ]] || end succeeded "the rehearsal passed"
      end cancelled "cancelled"
      ;;
  esac
}

# hear_requeue: sets REQUEUED. Slurm counts the next attempt as soon as it ends this one. Where the controller is silent for
# ANSWER seconds after the teardown, too, a job that may be requeued, and that no user or time limit has ended, will be.
hear_requeue() {
  local job=''
  IFS= read -r -d '' -t "$ANSWER" job <&"$CONTROLLER"
  if [[ $job =~ Restarts=([0-9]+) ]]; then
    ((BASH_REMATCH[1] <= ATTEMPT)) || REQUEUED=1
  elif [[ $OUTCOME != timeout && $REASON != cancelled ]] && grep -qx '#SBATCH --requeue' "$RUN_DIR/job.sbatch"; then
    REQUEUED=1
  fi
} 2>/dev/null

at_time_limit() {
  if ((READY)); then
    echo "served until the time limit"
  else
    echo "the time limit came before the service was ready"
  fi
}

failed_nodes() {
  local nodes
  nodes=$(grep -haoE '^srun: error: Node failure on .*' "$ATTEMPT_DIR"/state/*.srun | sed 's/.* //' | sort -u | paste -sd ,)
  [[ $nodes != *'['* ]] || nodes=$(timeout 5 scontrol show hostnames "$nodes" | paste -sd ,)
  nodes=${nodes:-a node}
  echo "${nodes//,/, } failed"
}

finish() {
  local status=$? trouble
  trap '' TERM INT HUP USR1
  trap - EXIT
  if [[ -z $OUTCOME ]]; then
    OUTCOME=failed
    REASON="job.sbatch ended by itself with code $status; see job.log"
  fi
  trouble=$(folder_trouble)
  # The last events are to fit even where everything else has filled the disk.
  rm -f "$ATTEMPT_DIR/state/reserve"
  save_state
  ((${#CAUSE[@]} == 0)) || report process-ended
  event teardown outcome="$OUTCOME" reason="$REASON"
  if [[ $OUTCOME == failed ]] && ((!HURRY)); then
    blame_cause
    spare_retries
  fi
  tear_down
  [[ -z $CONTROLLER ]] || hear_requeue
  remove_passwords
  REASON+=$trouble
  if ((REQUEUED)); then
    event requeued reason="$REASON" seconds:="$(since_start)"
  else
    # The config's secrets, which only a next attempt would need.
    rm -f "$RUN_DIR"/env/*.secrets
    list_cause
    event verdict outcome="$OUTCOME" reason="$REASON" seconds:="$(since_start)" attempt:="${ATTEMPT#0}" "${FIELDS[@]}"
  fi
  rm -f "$ATTEMPT_DIR/state/supervisor"
  [[ -z $OWNED ]] || end_allocation
}

# folder_trouble: says why logs and events may be missing, where the run folder cannot be written to.
folder_trouble() {
  local said trial=$ATTEMPT_DIR/state/trial
  said=$({ head -c 65536 /dev/zero >"$trial"; } 2>&1) || printf '; its run folder cannot be written to: %s' "${said##*: }"
  rm -f "$trial"
} 2>/dev/null

# remove_passwords: the job's own, of all attempts.
remove_passwords() {
  rm -f "$RUN_DIR"/state/{credentials,etcd.lock,token,tls.key} "$RUN_DIR"/attempts/*/state/{credentials,etcd.lock,token,tls.key}
}

# tear_down: workers first, for without etcd they would wait to unregister. Where Slurm ends the job, it has told all
# steps at the same time, and there is less time.
tear_down() {
  recall_steps
  # Before the nodes are bound no step has started anything.
  ((BOUND)) || HASTE=1
  if ((HURRY || !BOUND)); then
    GRACE=$HASTE
    stop image container bench monitor worker frontend nginx nats etcd
  else
    stop image container bench monitor
    stop worker
    stop frontend nginx
    stop nats etcd
  fi
  ! has container || remove_containers
  # What steps of the head node could not remove because they were killed.
  rm -rf -- "$LOCAL/dyn-slurm-$SLURM_JOB_ID-"*
}
