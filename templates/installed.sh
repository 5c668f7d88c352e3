# shellcheck shell=bash
# What the step `install` has fetched, on the node of a step that needs it; see install.py.

# use_installed FOLDER [PROGRAM]: installs it into FOLDER, unless an earlier step has, and puts it in front of what the
# command would find; of PROGRAM only that, where the image lacks it. A rehearsal has fetched nothing.
use_installed() {
  local said line
  [[ -s $ATTEMPT_DIR/state/installed ]] || return 0
  said=$(
    # shellcheck disable=SC2034 # become reads it
    WORDS=("${ENVIRONMENT[@]}")
    become python3 "$RUN_DIR/runtime/install.py" use "$@"
  ) || give_up "cannot install Dynamo on this node: $(sed -n '$s/^dyn-slurm: error: //p' <<<"$said")"
  while IFS= read -r line; do
    [[ -z $line ]] || put_in_front "${line%%=*}" "${line#*=}"
  done <<<"$said"
}

# put_in_front NAME PATH: of the variable that the command will have.
put_in_front() {
  local i before=${!1:-}
  for i in "${!ENVIRONMENT[@]}"; do
    [[ ${ENVIRONMENT[i]} == "$1="* ]] || continue
    before=${ENVIRONMENT[i]#*=}
    unset "ENVIRONMENT[i]"
  done
  ENVIRONMENT+=("$1=$2${before:+:$before}")
}
