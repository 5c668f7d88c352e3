# shellcheck shell=bash
# The folders in which engines keep compiled kernels for later jobs; see kernels.sh.

# prepare_kernels FOLDER: makes it, since a container mounts only what is there. What lies in it runs as us, so nobody else may
# write there.
prepare_kernels() {
  [[ -z ${DYN_SLURM_REHEARSAL:-} ]] || return 0
  mkdir -p "$1" 2>/dev/null || end failed "cannot make the folder $1 on ${NODE[0]}, in which engines keep compiled kernels; see kernel_cache in the cluster profile"
  [[ -O $1 ]] || end failed "$1, in which engines keep compiled kernels, belongs to $(stat -c %U "$1"), who could replace what runs as you; see kernel_cache in the cluster profile"
  chmod go-w "$1"
}
