# shellcheck shell=bash
# The cluster profile's preamble: it runs in a shell of its own, and the job takes over only the environment that it leaves.
# So no option, trap, function, redirection or folder of it changes anything here, and none of its variables is one of ours.

# take_preamble [modules]: runs preamble.sh of the run folder, and ends the job where that fails. `modules`: it loads some.
take_preamble() {
  local left=$ATTEMPT_DIR/state/preamble said=$ATTEMPT_DIR/state/preamble.log file=$RUN_DIR/preamble.sh script status
  bash -n "$file" 2>"$said" || end failed "the preamble of the cluster profile is not valid bash$(last_said "$said")"
  rm -f "$left" "$left".*
  # Absolute, for the preamble may have another PATH, and functions. Both at the end and in a trap, which may be replaced.
  printf -v script '%q -0 >|%q.part && %q -f %q.part %q' "$(type -P env)" "$left" "$(type -P mv)" "$left" "$left"
  printf -v script 'trap %q EXIT; . %q; [[ $? == 0 ]] || : >|%q.failed; %s; : >|%q.whole' \
    "$script" "$file" "$left" "$script" "$left"
  [[ -z ${1:-} ]] || script="$(declare -f define_module); define_module; $script"
  bash -c "$script" >"$said" 2>&1 </dev/null &
  wait_for "$!"
  status=$?
  cat "$said"
  # A trap of its own may end it as it likes.
  [[ -e $left.whole ]] || ((!status)) || end failed "the preamble of the cluster profile failed with exit code $status$(last_said "$said")"
  [[ -e $left ]] || end failed "the preamble of the cluster profile replaced its shell by another program (exec), which has ended$(last_said "$said")"
  [[ ! -e $left.failed ]] || event warning reason="the last command of the cluster profile's preamble failed$(last_said "$said")"
  take_environment "$left"
  rm -f "$left" "$left".* "$said"
}

# define_module: in the preamble's shell. Login files define the command, and a job script reads none.
define_module() {
  local file
  for file in "${LMOD_PKG:-}/init/bash" "${MODULESHOME:-}/init/bash" /etc/profile.d/{lmod,z00_lmod,modules,z01_modules}.sh \
    /usr/share/{lmod/lmod,lmod,modules,Modules}/init/bash; do
    ! declare -F module >/dev/null || return 0
    # shellcheck source=/dev/null
    [[ ! -r $file ]] || . "$file"
  done
}

# last_said FILE: its last line, after a colon.
last_said() {
  local line
  line=$(grep -a '[^[:space:]]' "$1" | tail -n 1)
  printf '%s' "${line:+: ${line:0:300}}"
}

# take_environment FILE: NAME=VALUE, each ended by NUL. Steps get all that is new. This shell, which finds Slurm's commands
# by it, does too, except for names that lib.sh uses.
take_environment() {
  local word name own file
  local -a files=()
  local -A before=() after=()
  for file in "$RUN_DIR"/*.sbatch "$RUNTIME"/*.sh "$RUNTIME"/lib/*.sh; do
    files+=("$file")
  done
  own=" $(grep -ohsE '\b[A-Za-z_][A-Za-z0-9_]*' "${files[@]}" | sort -u | tr '\n' ' ') "
  while IFS= read -r name; do
    before[$name]=${!name}
  done < <(compgen -e)
  while IFS= read -r -d '' word; do
    name=${word%%=*}
    [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
    ! steers_shells "$name" || continue
    after[$name]=1
    [[ ${before[$name]+=}${before[$name]:-} != "=${word#*=}" ]] || continue
    PREAMBLE+=("$word")
    # shellcheck disable=SC2163 # the word names what is exported
    [[ $own == *" $name "* && $name != PATH && $name != SLURM_CONF ]] || export "$word"
  done <"$1"
  for name in "${!before[@]}"; do
    [[ -n ${after[$name]:-} || $own == *" $name "* ]] || steers_shells "$name" || unset -v "$name"
  done
}

# steers_shells NAME: what our own scripts, or every bash, would read.
steers_shells() {
  case $1 in
    DYN_SLURM_* | SLURM_EXPORT_ENV | BASH | BASH_* | BASHOPTS | SHELLOPTS | POSIXLY_CORRECT) ;;
    ENV | IFS | PS4 | SHLVL | PWD | OLDPWD | _ | UID | EUID | PPID) ;;
    *) return 1 ;;
  esac
}
