# shellcheck shell=bash
# The log of the service's metrics: `metrics.sh SECONDS FOLDER STEP=ADDRESS:PORT[PATH]...`. Every so many seconds it asks all of
# them at once, at `/metrics` where none says otherwise, and prints `# scrape MILLISECONDS STEP` and what each says of requests, tokens, latencies and KV cache. One
# that does not answer within a second is left out. FOLDER is for what they say until all have.

RUNTIME=$DYN_SLURM_RUN_DIR/runtime
# shellcheck source=lib/events.sh
. "$RUNTIME/lib/events.sh" || exit 1
# shellcheck source=lib/http.sh
. "$RUNTIME/lib/http.sh" || exit 1

INTERVAL=$1
FOLDER=$2
TARGETS=("${@:3}")
# Series that observers read the load from.
KEPT='^(dynamo_frontend_(requests_total|inflight_requests|queued_requests|output_tokens_total|(input|output)_sequence_tokens_(sum|count)|(time_to_first_token|inter_token_latency)_seconds_(bucket|sum|count))|dynamo_component_(inflight_requests|requests_total|kvstats_gpu_cache_usage_percent)|dynamo_work_handler_queue_depth|sglang:(num_running_reqs|num_(prefill_prealloc_|decode_prealloc_|decode_transfer_)?queue_reqs|token_usage|gen_throughput|num_requests_total|realtime_tokens_total|(prompt|generation)_tokens_total|(time_to_first_token|inter_token_latency)_seconds_count|spec_accept_(length|rate))|vllm:(num_requests_(running|waiting)|(kv|gpu)_cache_usage_perc|request_success_total|(prompt|generation)_tokens_total|spec_decode_num_(drafts|(draft|accepted)_tokens)_total)|trtllm_(num_requests_(running|waiting)|kv_cache_utilization|request_success_total|(prompt|generation)_tokens_total|spec_decode_(acceptance_length|num_(draft|accepted)_tokens_total)))[{ ]'
MOST_LINES=500
# Bytes after which the time between looks doubles, and doubles again at twice as many.
LIMIT=67108864
WRITTEN=0

# look STEP=ADDRESS:PORT[PATH]
look() {
  local page address=${1#*=} file=$FOLDER/${1//\//,}
  [[ $address == */* ]] || address+=/metrics
  : >"$file"
  page=$(HTTP_TIME=1 http GET "${address%%/*}" "/${address#*/}" | tr -d '\000'; exit "${PIPESTATUS[0]}") || return
  grep -aE "$KEPT" <<<"$page" | head -n "$MOST_LINES" >"$file"
}

look_at_all() {
  local target pid file text
  local -a looks=()
  now
  for target in "${TARGETS[@]}"; do
    look "$target" &
    looks+=("$!")
  done
  for pid in "${looks[@]}"; do
    wait "$pid"
  done
  for target in "${TARGETS[@]}"; do
    file=$FOLDER/${target//\//,}
    [[ -s $file ]] || continue
    text=$(<"$file")
    printf '# scrape %s %s\n%s\n' "$NOW" "${target%%=*}" "$text"
    WRITTEN=$((WRITTEN + ${#text}))
  done
}

# Nothing is ever written to it: a read of it is a sleep that starts no process.
exec {NEVER}<> <(:)
while :; do
  began=$SECONDS
  look_at_all
  if ((WRITTEN > LIMIT)); then
    LIMIT=$((LIMIT * 2))
    INTERVAL=$((INTERVAL * 2))
  fi
  rest=$((INTERVAL - (SECONDS - began)))
  ((rest < 1)) || read -rt "$rest" -u "$NEVER"
done
