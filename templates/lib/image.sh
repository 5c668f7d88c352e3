# shellcheck shell=bash
# The container image, where it has to be in the image cache before anything can start in it.

# await_image STEP FILE: until the step, which runs image.sh, has ended.
await_image() {
  [[ ${STEP_STATE[$1]} != over ]] || return 0
  await_over "$1" "the image $2" tell_lines "$1" file="$2"
  tell_lines "$1" file="$2"
  if [[ $SAID_STATE != @(found|imported|reimported|left-out) ]]; then
    find_cause "$1"
    # What image.sh could not remove because it was killed.
    rm -rf -- "${2%/*}/.$(basename "$2" .sqsh).$SLURM_JOB_ID.tmp"
    REASON=${CAUSE[line]:-$REASON}
    end failed "no container image: ${REASON#dyn-slurm: error: }"
  fi
  STEP_STATE[$1]=over
  # The time without progress begins here.
  PROGRESS=$SECONDS
}
