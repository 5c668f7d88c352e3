#!/usr/bin/env bash
# Removes the containers of this node's steps, the one that they share and those of other images, after the last step has
# ended. It waits for that from the start of the job on, for in a job that ends Slurm starts nothing any more. pyxis itself
# removes containers with a name only where it is set up with container_scope=job
# (https://github.com/NVIDIA/pyxis/wiki/Setup); their names then have the job in front, so that there is nothing to do here.

CONTAINER=pyxis_$DYN_SLURM_CONTAINER
TOLD=''
# lib.sh tells this step last. scancel and the time limit tell all at once, of which some take a while to end.
trap 'TOLD=last' USR2
trap 'TOLD=${TOLD:-early}' TERM INT
[[ ! -e $DYN_SLURM_ATTEMPT_DIR/state/over ]] || TOLD=last
# A signal ends the wait, and may be for the sleep alone.
while [[ -z $TOLD ]]; do
  sleep 3600 &
  wait $!
  kill $! 2>/dev/null
done
# Slurm kills what is left after its KillWait, 30 s by default.
for ((round = 0; round < 75; round++)); do
  [[ $TOLD != last ]] || break
  sleep 0.2
done
trap '' TERM INT USR2

# As pyxis runs it, which passes neither on; nodes of a rehearsal have none.
unset XDG_DATA_HOME ENROOT_DATA_PATH
type -P enroot >/dev/null || exit 0
KEPT=0
while read -r NAME; do
  [[ $NAME == "$CONTAINER" || $NAME == "$CONTAINER"-* ]] || continue
  enroot remove --force "$NAME" </dev/null && continue
  KEPT=1
  echo "dyn-slurm: ${SLURMD_NODENAME:-this node} keeps the container $NAME" >&2
done < <(enroot list 2>/dev/null)
exit "$KEPT"
