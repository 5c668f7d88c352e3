# shellcheck shell=bash
# Whether the GPUs of this node are those that its workers need, whole and free.

# What nvidia-smi is asked, in one query. Older drivers do not know the last ones, and refuse a query with one of them:
# https://docs.nvidia.com/deploy/nvidia-smi/index.html
GPU_FIELDS=index,memory.used,name,mig.mode.current,ecc.errors.uncorrected.volatile.total
NEWER_FIELDS=remapped_rows.pending,remapped_rows.failure,fabric.state,fabric.status,fabric.clusterUuid,fabric.cliqueId
# Seconds. An idle driver without persistence takes several; a driver that hangs would block us forever.
SMI_TIME=30
# MiB that a GPU may use before the job: the driver's own, and what monitors such as DCGM take.
USED_MOST=4096

# gpus COUNT [MODEL]: checks that there are COUNT GPUs, of that model.
gpus() {
  local need=$1 model=${2:-}
  [[ -n $REHEARSED || $(ulimit -H -l) == unlimited ]] ||
    say warning "lets a process lock only $(ulimit -H -l) KB of memory, and RDMA may need more"
  case $(gpu_tool nvidia-smi amd-smi rocm-smi) in
    nvidia-smi) read_gpus ;;
    # It is a Python program, which may lack its library where the older one works.
    amd-smi) read_amd_gpus || { [[ $(gpu_tool rocm-smi) ]] && read_rocm_gpus; } ;;
    rocm-smi) read_rocm_gpus ;;
    *) return 0 ;;
  esac || {
    say fault "$SMI_TROUBLE"
    return
  }
  ((${#GPU_NAMES[@]} >= need)) || say fault "shows ${#GPU_NAMES[@]} GPUs, and workers need $need"
  compare_model "$model"
  tell_lines "${SMI[@]}"
  tell_space
}

# gpu_tool PROGRAM...: the first of them that the node has. ROCm's need not be on PATH.
gpu_tool() {
  local tool
  PATH+=:/opt/rocm/bin
  for tool in "$@"; do
    type -P "$tool" >/dev/null && printf '%s' "$tool" && return
  done
}

# smi PROGRAM WORDS...: sets SMI, the lines that it prints; else SMI_TROUBLE. It may hang so that it cannot even be killed, so
# nothing waits for its end.
smi() {
  local file pid until=$((SECONDS + SMI_TIME)) status an=an
  [[ $1 != r* ]] || an=a
  SMI=() SMI_TROUBLE='' SMI_HANGS=0
  file=$(TMPDIR=/tmp mktemp) || { SMI_TROUBLE='cannot make a file in /tmp' && return 1; }
  PATH=$PATH:/opt/rocm/bin "$@" >"$file" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    if ((SECONDS >= until)); then
      kill -KILL "$pid" 2>/dev/null
      disown "$pid"
      rm -f "$file"
      SMI_HANGS=1
      SMI_TROUBLE="has $an $1 that gives no answer within $SMI_TIME s, so its GPUs or their driver hang"
      return 1
    fi
    sleep 0.05
  done
  wait "$pid"
  status=$?
  mapfile -t SMI < <(grep -a '[^[:space:]]' "$file")
  rm -f "$file"
  ((status == 0)) && return 0
  SMI_TROUBLE="has $an $1 that fails with exit code $status: ${SMI[0]:-it says nothing}"
  return 1
}

# read_gpus: sets SMI, a line a GPU as asked, and GPU_NAMES. Where that cannot be had, `nvidia-smi -L` may still know the names.
read_gpus() {
  local line
  local -a rows=()
  GPU_NAMES=()
  smi nvidia-smi "--query-gpu=$GPU_FIELDS,$NEWER_FIELDS" --format=csv,noheader ||
    { [[ ${SMI[*]} == *'not a valid field'* ]] && smi nvidia-smi "--query-gpu=$GPU_FIELDS" --format=csv,noheader; } ||
    ((!SMI_HANGS)) || return 1
  for line in "${SMI[@]}"; do
    [[ $line =~ ^[0-9]+,\  ]] || continue
    rows+=("$line")
    [[ ! $line =~ ^[0-9]+,\ [^,]*,\ ([^,]+) ]] || GPU_NAMES+=("${BASH_REMATCH[1]}")
  done
  if ((${#GPU_NAMES[@]} == 0)); then
    smi nvidia-smi -L || return 1
    for line in "${SMI[@]}"; do
      [[ ! $line =~ ^GPU\ [0-9]+:\ (.+)\ \(UUID ]] || GPU_NAMES+=("${BASH_REMATCH[1]}")
    done
  fi
  SMI=("${rows[@]}")
}

# read_amd_gpus: the same, by AMD SMI: https://rocm.docs.amd.com/projects/amdsmi/en/latest/how-to/amdsmi-cli-tool.html
read_amd_gpus() {
  smi amd-smi static --asic --csv || return
  column market_name
  GPU_NAMES=("${COLUMN[@]}")
  smi amd-smi metric --mem-usage --csv || return
  column used_vram
  take_amd_gpus
}

# read_rocm_gpus: the same, by its predecessor, which counts in bytes.
read_rocm_gpus() {
  local i
  smi rocm-smi --showproductname --showmeminfo vram --csv || return
  column 'card series'
  GPU_NAMES=("${COLUMN[@]}")
  column 'vram total used memory (b)'
  for i in "${!COLUMN[@]}"; do
    [[ ! ${COLUMN[i]} =~ ^[0-9]+$ ]] || COLUMN[i]=$((COLUMN[i] >> 20))
  done
  take_amd_gpus
}

# take_amd_gpus: SMI as read_gpus leaves it, from GPU_NAMES and COLUMN, the MiB in use. Some releases give a number for a name.
take_amd_gpus() {
  local i
  SMI=()
  for i in "${!COLUMN[@]}"; do
    SMI+=("$i, ${COLUMN[i]}")
    [[ ${GPU_NAMES[i]:-} =~ MI[0-9] ]] || GPU_NAMES[i]=''
  done
}

# column NAME: sets COLUMN, that of SMI, which is CSV below a header of such names; a device begins a line by its number.
column() {
  local line i at=''
  local -a cells
  COLUMN=()
  for line in "${SMI[@]}"; do
    IFS=, read -ra cells <<<"$line"
    if [[ -n $at && $line =~ ^(card)?[0-9]+, ]]; then
      COLUMN+=("${cells[at]:-}")
    elif [[ -z $at ]]; then
      for i in "${!cells[@]}"; do [[ ${cells[i],,} != "$1" ]] || at=$i; done
    fi
  done
}

# compare_model MODEL: `h100` is a word of "NVIDIA H100 80GB HBM3"; b200 is not a word of "NVIDIA GB200". Where the job has other
# nodes, whose GPUs may be right, this node is at fault; otherwise the config is.
compare_model() {
  local name wrong='' word=fault
  [[ -n $1 ]] || return 0
  for name in "${GPU_NAMES[@]}"; do
    [[ -n $name && ! ${name,,} =~ (^|[^a-z0-9])${1,,}($|[^a-z0-9]) && -z $REHEARSED ]] || continue
    wrong=$name
    break
  done
  ((${#NODE[@]} > 1)) || word=problem
  [[ -z $wrong ]] || say "$word" "has $wrong, and the config says \`gpu: $1\`"
}

# tell_lines LINE...: reports a GPU a line; what several have in common is said once.
tell_lines() {
  local line index used mig errors pending failure state status uuid clique domain=''
  local most=0 held=''
  local -A bad=()
  for line in "$@"; do
    IFS=, read -r index used _ mig errors pending failure state status uuid clique <<<"${line//, /,}"
    used=${used%% *}
    if [[ $used =~ ^[0-9]+$ ]] && ((used > USED_MOST)); then
      held+=", $index"
      ((most = used > most ? used : most))
    fi
    [[ $mig != Enabled ]] || bad['in MIG mode, in which a process sees a slice only']+=", $index"
    [[ ! ${errors:-} =~ ^[1-9][0-9]*$ ]] || bad["warning with $errors uncorrected ECC errors since the driver was loaded"]+=", $index"
    [[ ! ${pending:-} =~ ^(Yes|[1-9][0-9]*)$ ]] || bad['with a row remap pending after memory errors, and need a reset']+=", $index"
    [[ ! ${failure:-} =~ ^(Yes|[1-9][0-9]*)$ ]] || bad['with a failed row remap, and need to be replaced']+=", $index"
    case ${state:-} in
      'In Progress' | 'Not Started') bad["whose fabric state is \"$state\", in which CUDA fails with error 802; look at the fabric manager"]+=", $index" ;;
      Completed) [[ ${status:-Success} =~ ^(Success|N/A|\[N/A\])$ ]] || bad["whose fabric has failed: $status"]+=", $index" ;;
    esac
    [[ ! ${uuid:-} =~ [1-9a-f] || ${uuid,,} == *n/a* ]] || domain=$uuid.${clique:-0}
  done
  [[ -z $held ]] ||
    say fault "has GPUs with up to $most MiB in use before the job starts (${held#, }): by another job's processes, or ones that are left over"
  for line in "${!bad[@]}"; do
    if [[ $line == 'warning '* ]]; then
      say warning "has GPUs ${line#warning } (${bad[$line]#, })"
    else
      say fault "has GPUs $line (${bad[$line]#, })"
    fi
  done
  [[ -z $domain ]] || say domain "${domain// /}"
}

# tell_space: NCCL and engines keep buffers in /dev/shm, compilers their files in /tmp.
tell_space() {
  local folder free
  for folder in /dev/shm /tmp; do
    free=$(df --output=avail -k "$folder" 2>/dev/null | tail -n 1)
    [[ ${free// /} =~ ^[0-9]+$ ]] || continue
    if ((free < 65536)); then
      say fault "has only $((free / 1024)) MB left in $folder, which engines need"
    elif ((free < 2097152)); then
      say warning "has only $((free / 1024)) MB left in $folder, which may be too little for engines"
    fi
  done
}
