# shellcheck shell=bash
# Kernels that an engine compiles are kept for later starts of the same engine in the same image on the same GPUs; sourced by
# the steps of workers.

# keep_kernels FOLDER LOCAL: sets KERNELS, and tells observers whether there is something in it: `cached` or `cold`. Compilers
# lock the folder against each other, on all nodes; on a file system without locks each node has one of its own, in LOCAL.
keep_kernels() {
  local lock trouble='' state=cold entry
  KERNELS=$1
  [[ -z ${DYN_SLURM_REHEARSAL:-} ]] || { KERNELS=rehearsed && return; }
  if [[ ! -d $KERNELS || ! -O $KERNELS || ! -w $KERNELS ]]; then
    trouble="is not a folder of $(id -un) here"
  elif ! { exec {lock}>>"$KERNELS/.lock"; } 2>/dev/null; then
    trouble='cannot be written to'
  else
    flock --nonblock --shared --conflict-exit-code=0 "$lock" 2>/dev/null || trouble='is on a file system without locks'
    exec {lock}>&-
  fi
  if [[ -n $trouble ]]; then
    KERNELS=$2/dyn-slurm-kernels-$EUID/${1//\//_}
    mkdir -p "$KERNELS" 2>/dev/null
    say "$1 $trouble; this node keeps its own, in $KERNELS"
    [[ -O $KERNELS ]] || give_up "$KERNELS, for compiled kernels, does not belong to $(id -un)"
  fi
  for entry in "$KERNELS"/*; do [[ ! -e $entry ]] || state=cached; done
  say "kernels $state: $KERNELS"
}

# respect_kernels: leaves out of ENVIRONMENT what the image or the site has set already, such as kernels that come with it. A
# rehearsal keeps nothing.
respect_kernels() {
  local word name
  local -a words=()
  for word in "${ENVIRONMENT[@]}"; do
    name=${word%%=*}
    [[ $word == "$name=$KERNELS/"* && ($KERNELS == rehearsed || -n ${!name:-}) ]] || words+=("$word")
  done
  ENVIRONMENT=("${words[@]}")
}
