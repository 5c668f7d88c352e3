# shellcheck shell=bash
# What the processes of a step do on this node: `stacks.sh STEP memory` prints `memory BYTES FREE`, what they have in memory and what
# the node, or the job's part of it, has left. `stacks.sh STEP` prints
#   process NODE PID STATE PROGRAM   the most telling one first; the words of STATE have _ between them
#   compiles NODE PROGRAM            a compiler at work among them
#   stack NODE PID FRAME             by py-spy, where the node or the container has it, innermost first; else what the kernel says
# It runs beside the step, outside of its container, whose processes it sees under the node's numbers.

STEP=$1 NODE=${SLURMD_NODENAME:-unknown}
# Processes whose stacks are shown, and seconds for each.
MOST=8 EACH=5
declare -A PARENT=() STATE=() COMM=() TICKS=()
declare -A MEANING=([R]=running [S]=sleeping [D]='D_(waits_in_the_kernel)' [T]='T_(stopped)' [t]='t_(stopped_by_a_debugger)' [Z]='Z_(dead)')
COMPILERS='nvcc|cicc|ptxas|nvlink|fatbinary|cudafe\+\+|ninja|cc1|cc1plus|c\+\+|g\+\+|gcc|clang.*|ld'

# read_table: sets PARENT, STATE, COMM and TICKS (hundredths of a second of CPU) by pid; see proc_pid_stat(5).
read_table() {
  local file stat pid name
  local -a field
  for file in /proc/[0-9]*/stat; do
    IFS= read -r stat <"$file" || continue
    pid=${stat%% *} name=${stat#*(}
    read -ra field <<<"${stat##*) }"
    COMM[$pid]=${name%)*} STATE[$pid]=${field[0]} PARENT[$pid]=${field[1]} TICKS[$pid]=$((field[11] + field[12]))
  done 2>/dev/null
}

# belongs PID: whether it or one that it descends from is the step's script. Engines overwrite their own environment.
belongs() {
  local pid=$1
  while [[ -n $pid && $pid -gt 1 ]]; do
    [[ -z ${ROOT[$pid]:-} ]] || return 0
    pid=${PARENT[$pid]:-}
  done
  return 1
}

# rank PID: the lower, the more telling.
rank() {
  local title
  title=$(program "$1")
  if [[ ${STATE[$1]} == [Tt] ]]; then echo 0; elif [[ ${STATE[$1]} == D ]]; then echo 1
  elif [[ $title =~ [Ss]cheduler|EngineCore|[Ee]xecutor ]]; then echo 2; elif [[ ${COMM[$1]} == python* ]]; then echo 3; else echo 4; fi
}

# program PID: its title, `python -m MODULE`, or the name of the program.
program() {
  local -a words=()
  mapfile -d '' -t words <"/proc/$1/cmdline"
  case "${words[*]}" in
    *' -m '*) printf '%s -m %s' "${words[0]##*/}" "$(sed 's/.* -m //; s/ .*//' <<<"${words[*]}")" ;;
    *::*) printf '%s' "${words[0]%%  *}" ;;
    *) printf '%s' "${COMM[$1]}" ;;
  esac
} 2>/dev/null

# py_spy: its path, on the node, or in the container of one of the processes, beside its python or where pip puts it.
py_spy() {
  local pid root word path
  type -P py-spy && return
  for pid in "${PIDS[@]}"; do
    root=/proc/$pid/root word=''
    IFS= read -r -d '' word <"/proc/$pid/cmdline"
    for path in "${word%/*}" /usr/local/bin /opt/venv/bin /usr/bin; do
      [[ ! -x $root$path/py-spy ]] || { echo "$root$path/py-spy" && return; }
    done
  done
} 2>/dev/null

# frames PID
frames() {
  if [[ -n $SPY ]]; then
    timeout "$EACH" "$SPY" dump --nonblocking --pid "$1" 2>&1 | grep -E '^ |^Thread' && return
  fi
  sed 's/^\[<[0-9a-f]*>\] //' "/proc/$1/stack" || sed 's/^/syscall /' "/proc/$1/syscall" || sed 's/$/\n/' "/proc/$1/wchan"
} 2>/dev/null

# tell_memory: shared memory counts for each process that has it mapped.
tell_memory() {
  local pid pages total=0 free
  for pid in "${PIDS[@]}"; do
    read -r _ pages _ <"/proc/$pid/statm" && total=$((total + pages))
  done 2>/dev/null
  free=$(sed -nE 's/^MemAvailable: *([0-9]+) kB/\1/p' /proc/meminfo)
  printf 'memory %s %s\n' "$((total * $(getconf PAGESIZE)))" "$((free * 1024))"
}

read_table
declare -A ROOT=()
while IFS= read -r FILE; do
  grep -qzxF "SLURM_JOB_ID=$SLURM_JOB_ID" "$FILE" && grep -qzxF "SLURMD_NODENAME=$NODE" "$FILE" && ROOT[${FILE//[!0-9]/}]=1
done < <(grep -lzxF "SLURM_JOB_NAME=$STEP" /proc/[0-9]*/environ 2>/dev/null) 2>/dev/null
mapfile -t PIDS < <(for PID in "${!STATE[@]}"; do
  ! belongs "$PID" || [[ ${COMM[$PID]} == @(bash|tail|grep) ]] || printf '%s %s %s\n' "$(rank "$PID")" "${TICKS[$PID]}" "$PID"
done | sort -k1,1n -k2,2nr | cut -d ' ' -f 3)
if [[ ${2:-} == memory ]]; then
  tell_memory
  exit
fi
for PID in "${PIDS[@]}"; do
  printf 'process %s %s %s %s\n' "$NODE" "$PID" "${MEANING[${STATE[$PID]}]:-${STATE[$PID]}}" "$(program "$PID" | cut -c 1-80)"
  [[ ! ${COMM[$PID]} =~ ^($COMPILERS)$ || ${STATE[$PID]} == [TtZ] ]] || printf 'compiles %s %s\n' "$NODE" "${COMM[$PID]}"
done
SPY=$(py_spy)
for PID in "${PIDS[@]:0:MOST}"; do
  frames "$PID" | sed "s/^ */stack $NODE $PID /"
done
exit 0
