# shellcheck shell=bash
# Dynamo where the image has none: the step `install` fetches it into a cache, before anything needs it; see install.py.

# prepare_cache FOLDER [GROUP]: whoever can write to the cache can run programs as us: so only its owner, and GROUP where the
# cluster profile names one. Here, for in a container other users have no names. A rehearsal leaves it as it is.
prepare_cache() {
  local above=$1 loose
  local -a wide=(-perm /022)
  [[ -z ${2:-} ]] || wide=(\( -perm /002 -o -perm /020 ! -group "$2" \))
  [[ -z ${DYN_SLURM_REHEARSAL:-} ]] || return 0
  [[ -d $1 ]] || mkdir -p "$1" 2>/dev/null || end failed "cannot make the folder $1 on ${NODE[0]}; see install_cache in the cluster profile"
  refuse_loose "$1" "${2:-}" ''
  while above=${above%/*} && [[ -n $above ]]; do
    refuse_loose "$above" "${2:-}" sticky
  done
  loose=$(find "$1" -mindepth 1 -maxdepth 2 -name '.*.tmp' -prune -o ! -type l "${wide[@]}" -print -quit)
  [[ -z $loose ]] || end failed "others may write to $loose, from which programs would run as you: remove it"
  loose=$(find "$1" -mindepth 1 -maxdepth 2 -type l -print -quit)
  [[ -z $loose ]] || end failed "$loose is a symbolic link, which does not belong in the cache; remove it"
  sweep_cache "$1"
}

# refuse_loose FOLDER GROUP STICKY: ends the job where others can replace what is in it. Accounts up to 999 are the system's.
refuse_loose() {
  local owner group mode
  read -r owner group mode < <(stat -Lc '%u %G %a' "$1")
  ((owner == EUID || owner <= 999)) || [[ -n $2 && $group == "$2" ]] ||
    end failed "$1 belongs to user $owner, who may replace what runs as you: it must belong to you or to root; see install_cache in the cluster profile"
  [[ -z $3 ]] || ((!(8#$mode & 8#1000))) || return 0
  ((8#$mode & 8#002)) || { ((8#$mode & 8#020)) && [[ $group != "$2" ]]; } || return 0
  end failed "others may replace what is in $1, which has mode $mode and group $group: take their right to write away (chmod go-w), or name the group in install_cache.group of the cluster profile"
}

# sweep_cache FOLDER: removes what jobs that are gone have left half fetched.
sweep_cache() {
  local left job running
  compgen -G "$1/.*.tmp" >/dev/null || return 0
  running=$(squeue --noheader --states=all --format=%A 2>/dev/null) || return 0
  for left in "$1"/.*.tmp; do
    job=${left%.tmp} job=${job##*.}
    [[ $'\n'$running$'\n' == *$'\n'"$job"$'\n'* && $job != "$SLURM_JOB_ID" ]] || rm -rf -- "$left" 2>/dev/null
  done
}

# await_install STEP SECONDS FOLDER: until the step has ended, at the most so long.
await_install() {
  local until=$((SECONDS + $2))
  [[ ${STEP_STATE[$1]} != over ]] || return 0
  await_over "$1" 'Dynamo to be installed' tell_install "$1" "$until" "$2"
  tell_lines "$1"
  if [[ $SAID_STATE != @(found|fetched|left-out) ]]; then
    find_cause "$1"
    # What it says itself comes from the output of pip, in which other lines look worse.
    [[ $SAID_STATE != failed ]] || CAUSE[line]=$SAID
    # What it could not remove because it was killed.
    rm -rf -- "$3"/.*."$SLURM_JOB_ID.tmp"
    REASON=${CAUSE[line]:-$REASON}
    end failed "Dynamo is not installed: ${REASON#dyn-slurm: error: }"
  fi
  STEP_STATE[$1]=over
  # The time without progress begins here.
  PROGRESS=$SECONDS
}

# tell_install STEP UNTIL LIMIT
tell_install() {
  tell_lines "$1"
  ((SECONDS < $2)) || end deadline "Dynamo is not installed after $3 s: $SAID_STATE $SAID"
}
