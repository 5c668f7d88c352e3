#!/usr/bin/env bash
# Puts an image of a registry into the image cache, whole, and imported once for all nodes and jobs:
# `image.sh SOURCE FILE`. It runs on one node, before anything needs the image; pyxis alone would import it again for
# every step of every job. What enroot says is its own output; what lib.sh is to know goes to state/image.

set -uo pipefail
# Other users of the cache need to read what we import.
umask 022

SOURCE=$1
FILE=$2
CACHE=${FILE%/*}
NAME=${FILE##*/}
NAME=${NAME%.sqsh}
HERE=${SLURMD_NODENAME:-unknown}
# A folder of our own, in which nobody else can plant a link. Its file `by` tells others who imports.
PARTIAL=$CACHE/.$NAME.$SLURM_JOB_ID.tmp
LOCK=$CACHE/$NAME.lock
LOCK_FD=''
# KB; no engine's image is smaller.
LEAST_SPACE=4194304
DAMAGE=''

# say STATE TEXT: a line for lib.sh, with the seconds so far.
say() {
  printf 'dyn-slurm: %s: %s\n' "$1" "$2"
  printf '%s %s %s\n' "$1" "$SECONDS" "$2" >>"$DYN_SLURM_ATTEMPT_DIR/state/image"
}

give_up() {
  printf 'dyn-slurm: error: %s\n' "$1"
  exit 1
}

# check_cache: whoever can replace files in the cache can run programs in our containers: its owner, and without the sticky
# bit whoever can write to it. Accounts up to 999 are the system's.
check_cache() {
  local owner mode
  [[ -d $CACHE ]] || give_up "the image cache $CACHE is not a folder on $HERE"
  read -r owner mode < <(stat -Lc '%u %a' "$CACHE")
  ((owner == EUID || owner <= 999)) ||
    give_up "the image cache $CACHE belongs to user $owner, who may replace files in it: it must belong to you or to root"
  (((8#$mode & 8#22) == 0 || (8#$mode & 8#1000))) ||
    give_up "others may replace files in the image cache $CACHE, which has mode $mode: take their right to write away (chmod go-w), or make it sticky (chmod +t)"
}

# refuse_link FILE: links in the cache would lead us elsewhere.
refuse_link() {
  [[ ! -L $1 ]] || give_up "$1 is a symbolic link, which does not belong in an image cache; remove it"
  [[ ! -e $1 || -f $1 ]] || give_up "$1 is not a regular file"
}

# intact FILE: whether it is a whole squashfs, as far as its superblock tells, and unsquashfs where the node has it, which
# reads all but the contents of files. Else DAMAGE says why.
# https://dr-emann.github.io/squashfs/squashfs.html#_the_superblock
intact() {
  local magic used size
  magic=$(od -An -tx1 -N4 "$1" 2>/dev/null)
  read -r used < <(od -An -tu8 -j40 -N8 "$1" 2>/dev/null)
  size=$(stat -c %s "$1" 2>/dev/null)
  DAMAGE=''
  if [[ $magic != ' 68 73 71 73' ]]; then
    DAMAGE="$1 is not a squashfs image"
  elif ((${used:-0} <= 0 || ${size:-0} < ${used:-0})); then
    DAMAGE="$1 is cut off: it has ${size:-0} of ${used:-0} bytes"
  elif type -P unsquashfs >/dev/null && ! DAMAGE=$(unsquashfs -l "$1" 2>&1 >/dev/null); then
    DAMAGE="$1 is damaged: ${DAMAGE##*$'\n'}"
  else
    DAMAGE=''
  fi
  [[ -z $DAMAGE ]]
}

# take_lock: waits while another job has it. The kernel takes it back from a process that has died.
take_lock() {
  local by='' told='' rounds=0
  refuse_link "$LOCK"
  # noclobber: a file that somebody makes meanwhile is not touched.
  [[ -e $LOCK ]] || (set -o noclobber && : >"$LOCK") 2>/dev/null
  refuse_link "$LOCK"
  # NFS locks only what is open for writing; another user's file is not ours to write.
  if [[ -w $LOCK ]]; then
    exec {LOCK_FD}<>"$LOCK"
  elif [[ -r $LOCK ]]; then
    exec {LOCK_FD}<"$LOCK"
  else
    give_up "cannot make files in the image cache $CACHE"
  fi
  while :; do
    flock --nonblock --conflict-exit-code=9 "$LOCK_FD"
    case $? in
      0) return ;;
      9) ;;
      *)
        # Two imports of the same image are a waste, but each has a folder of its own.
        echo "dyn-slurm: $CACHE is on a file system without locks, so other jobs may import the same image"
        return
        ;;
    esac
    by=$(holder)
    # It writes down who it is a moment after it has the lock.
    [[ -n $by ]] || ((++rounds < 5)) || by='another job imports it'
    if [[ -n $by && $by != "$told" ]]; then
      say waiting "$by"
      told=$by
    fi
    sleep 1
  done
}

# holder: who imports, as the newest of those who said so does.
holder() {
  local file newest=''
  for file in "$CACHE/.$NAME".*.tmp/by; do
    [[ -f $file && ! -L $file && (-z $newest || $file -nt $newest) ]] && newest=$file
  done
  [[ -z $newest ]] || head -c 200 "$newest" 2>/dev/null | head -n 1
}

# claim: removes what imports of jobs that are gone have left, and makes PARTIAL, after which a file system that caches
# folders looks again for what others have put there. Some file systems lock on one node only, so that the lock alone does
# not prove who is gone.
claim() {
  local left job
  for left in "$CACHE/.$NAME".*.tmp; do
    job=${left%.tmp}
    job=${job##*.}
    [[ -e $left || -L $left ]] || continue
    [[ $job == "$SLURM_JOB_ID" || -z $(squeue --noheader --states=RUNNING --jobs="$job" 2>/dev/null) ]] || continue
    rm -rf -- "$left" 2>/dev/null
  done
  mkdir "$PARTIAL" || give_up "cannot make a folder in the image cache $CACHE"
  trap 'rm -rf -- "$PARTIAL"' EXIT
  echo "job $SLURM_JOB_ID of $(id -un) on $HERE imports it since $(date '+%F %T')" >"$PARTIAL/by"
}

# import_image: into PARTIAL, and once it is whole, with one rename into place.
import_image() {
  local free child status=0 woken=1
  type -P enroot >/dev/null || give_up "enroot is not on the PATH of $HERE; the image cache needs it"
  free=$(df --output=avail -k "$CACHE" 2>/dev/null)
  free=${free##*$'\n'}
  ((${free:-$LEAST_SPACE} >= LEAST_SPACE)) ||
    give_up "only $((free / 1024)) MB are left in the image cache $CACHE, too little for an image"
  # In a group of its own, so that all of it can be told to end. It must not keep the lock when this shell is gone.
  set -o monitor
  enroot import --output "$PARTIAL/image.sqsh" "$SOURCE" {LOCK_FD}<&- &
  child=$!
  set +o monitor
  trap 'woken=1; kill -TERM -- "-$child" 2>/dev/null' TERM INT
  while ((woken)); do
    woken=0
    { wait "$child"; } 2>/dev/null
    status=$?
  done
  trap - TERM INT
  ((status == 0)) || exit "$status"
  intact "$PARTIAL/image.sqsh" || give_up "enroot left an incomplete image: $DAMAGE"
  chmod 644 "$PARTIAL/image.sqsh"
  mv -fT -- "$PARTIAL/image.sqsh" "$FILE" || give_up "cannot move the image to $FILE"
}

if [[ -n ${DYN_SLURM_REHEARSAL:-} ]]; then
  # A rehearsal may use the real cache, into which nothing but a real image may go.
  say left-out 'a rehearsal runs no containers'
  exit 0
fi
check_cache
refuse_link "$FILE"
if [[ -e $FILE ]] && intact "$FILE"; then
  say found "$SOURCE"
  exit 0
fi
take_lock
claim
refuse_link "$FILE"
if [[ ! -e $FILE ]]; then
  say importing "$SOURCE"
  import_image
  say imported "$SOURCE"
elif intact "$FILE"; then
  say found "$SOURCE"
else
  REASON=$DAMAGE
  mv -fT -- "$FILE" "$FILE.damaged" || give_up "$REASON; only its owner can move it aside"
  say importing "$REASON"
  import_image
  say reimported "$REASON"
fi
