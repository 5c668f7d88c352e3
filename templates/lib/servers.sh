# shellcheck shell=bash
# Workers that are HTTP servers of their own, and routers that are told their addresses: without Dynamo, in the place of
# etcd.sh and turned-away.sh. Here KEYS has the servers of a role, as NAME=ADDRESS:PORT with spaces between, and COMPONENT
# what a router calls their number, empty where it does not tell.

# Seconds that a server may take to answer: to say how it is, an engine may generate a token behind other requests.
SERVER_TIME=20
# What is said of a worker that does not answer: now, for some time; and of those that do.
# shellcheck disable=SC2034 # health.sh uses them
AWAY_IS='does not answer at /health' AWAY_WAS='without an answer at /health' HERE_WAS='answered at /health'

# answering ROLE: those of its servers that answer at /health, a line each. All are asked at once.
answering() {
  local server
  local -a servers
  read -ra servers <<<"${KEYS[$1]}"
  for server in "${servers[@]}"; do
    { HTTP_TIME=$SERVER_TIME http GET "${server#*=}" /health >/dev/null && echo "$server"; } &
  done
  wait
}

# count_registered - ROLE: sets HAVE.
count_registered() {
  local -a servers
  mapfile -t servers < <(answering "$2")
  HAVE=${#servers[@]}
}

# list_away ROLE: those of its workers that have a server which does not answer.
list_away() {
  local server answers name
  local -a servers
  answers=" $(answering "$1" | paste -sd ' ') "
  read -ra servers <<<"${KEYS[$1]}"
  for server in "${servers[@]}"; do
    name=${server%%=*}
    [[ $answers == *" $server "* || ${STEP_STATE[$name]} != up ]] || echo "$name"
  done | sort -u
}

# probe_health: see etcd.sh.
probe_health() {
  probe_roles -
}

# await_routers: they, and nginx before them, may answer only once they know that the workers do.
await_routers() {
  local name address path
  find_steps frontend nginx
  for name in "${NAMES[@]}"; do
    { read -r address && read -r path; } <<<"${STEP_PROBE[$name]}"
    await_service "$name" http_answers "$address" "$path"
  done
}

# frontends_see ROUTER...: MODEL_PATH answers with status 200, and has the number of its workers in it where it tells.
frontends_see() {
  local router role answer have
  for router in "$@"; do
    answer=$(HTTP_TIME=10 http GET "$router" "$MODEL_PATH") ||
      { echo "the router at $router does not answer at $MODEL_PATH yet"; return 1; }
    for role in "${ROLES[@]}"; do
      [[ -n ${COMPONENT[$role]} ]] || continue
      count_wanted "$role" up back ending resting
      have=0
      [[ ! $answer =~ \"${COMPONENT[$role]}\":\ *([0-9]+) ]] || have=${BASH_REMATCH[1]}
      ((have >= WANT)) || { echo "the router at $router has taken $have of $WANT $role workers"; return 1; }
    done
  done
}

# The completion that follows shows it.
model_listed() {
  :
}

# A router knows a worker by its address, which stays the same when it is started again.
seen_by_frontends() {
  :
}

warn_turned_away() {
  :
}

note_former() {
  :
}
