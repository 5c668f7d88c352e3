# shellcheck shell=bash
# Environments of other programs, which never pass through variables of a script of ours: a name that a config, a preamble
# or an image gives may be one of ours.

# export_words NAME=VALUE...: for a subshell that is about to become another program. It uses no variable by name.
export_words() {
  while (($#)); do
    if [[ $1 =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; then
      # Unset first: an array of ours would not be exported, nor SECONDS arrive as it is given.
      # shellcheck disable=SC2163 # the words name what is exported
      { unset -v "${1%%=*}" && export "$1"; } 2>/dev/null
    fi
    shift
  done
}

# become COMMAND...: takes the place of a subshell. The command gets the environment that this script was started with, and
# what WORDS holds as NAME=VALUE.
become() {
  local -a DYN_SLURM_GIVEN=()
  mapfile -d '' -t DYN_SLURM_GIVEN <"/proc/$$/environ"
  # shellcheck disable=SC2153 # those who call it set it
  export_words "${DYN_SLURM_GIVEN[@]}" "${WORDS[@]}"
  exec "$@"
}
