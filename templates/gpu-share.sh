# shellcheck shell=bash
# Several workers on one GPU: each waits until it may load, and learns how much of the GPU's memory is its own; sourced by
# their steps.

# take_share GPU BUDGET OF PLANNED LOADED MODEL: waits until no other worker loads on this GPU, since engines measure what is
# free, and sets GPU_MEMORY, the value of the engine's memory argument. BUDGET is what weights and KV cache may take, in
# thousandths of the GPU's memory; OF says what the value is a part of:
#   gpu   the GPU's memory
#   free  what is free now
#   left  what is free once the weights of MODEL are loaded
# PLANNED is the value where nvidia-smi does not answer; LOADED matches the line of the log after which memory stays as it is.
take_share() {
  local gpu=$1 budget=$2 total='' free='' weights=0
  GPU_MEMORY=$4
  [[ -z ${DYN_SLURM_REHEARSAL:-} ]] || return 0
  take_turn "$gpu" "$5"
  IFS=', ' read -r total free < <(timeout 30 nvidia-smi --query-gpu=memory.total,memory.free --format=csv,noheader,nounits -i "$gpu" 2>/dev/null)
  if [[ ! $total =~ ^[1-9][0-9]*$ || ! $free =~ ^[0-9]+$ ]]; then
    say "nvidia-smi does not say how much memory of GPU $gpu is free; the worker gets what is planned, $GPU_MEMORY"
    return
  fi
  budget=$((total * budget / 1000))
  if ((budget >= free)); then
    give_up "GPU $gpu has $free of $total MiB free, and this worker's share is $budget MiB: $(holders "$gpu")"
  fi
  [[ $3 != left ]] || weights=$(weights_of "$6")
  if ((weights >= budget)); then
    give_up "the weights in $6 take $weights MiB, and this worker's share of GPU $gpu is $budget MiB: raise gpu_share"
  fi
  [[ $3 == gpu ]] || printf -v GPU_MEMORY '0.%03d' $(((budget - weights) * 1000 / (free - weights)))
  say "gets $budget of $total MiB of GPU $gpu, of which $free are free: $GPU_MEMORY"
}

# take_turn GPU LOADED: returns once this worker alone may load on the GPU. Its turn ends with a line of its log that matches,
# with its task, or after half an hour, should its log not say so.
take_turn() {
  local lock
  trap 'record 143 1 ""; exit 1' TERM INT USR2
  take_lock "$ATTEMPT_DIR/state/${SLURMD_NODENAME:-node}.gpu-$1.lock" "waits until another worker has loaded on GPU $1" ||
    say 'the run folder is on a file system without locks, so workers of one GPU may load at the same time'
  LOG_START=$(stat -c %s "$LOG" 2>/dev/null || echo 0)
  end_turn "$2" "$lock" &
  exec {lock}<&-
  trap - TERM INT USR2
}

# end_turn LOADED FD: holds the lock until the log has such a line.
end_turn() {
  local turn=$2
  trap '' TERM INT USR2
  timeout 1800 grep -aqE "$1" < <(exec tail --pid="$$" -c "+$((LOG_START + 1))" -F "$LOG" 2>/dev/null {turn}<&-) {turn}<&-
} >/dev/null 2>&1

# weights_of FOLDER: MiB of its weights; 0 where it is no folder.
weights_of() {
  local bytes=0 size
  while read -r size _; do ((bytes += size)); done < <(stat -Lc %s "$1"/*.safetensors 2>/dev/null)
  printf '%d' $((bytes >> 20))
}

# holders GPU: the processes that have memory of it.
holders() {
  local line list=''
  while IFS= read -r line; do list+="; process ${line/, / has }"; done < <(timeout 30 nvidia-smi --query-compute-apps=pid,used_memory --format=csv,noheader -i "$1" 2>/dev/null)
  list=${list#; }
  printf "%s" "${list:-other processes hold the rest}"
}
