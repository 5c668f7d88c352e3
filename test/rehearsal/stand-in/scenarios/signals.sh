#!/bin/bash
#SBATCH --nodes=2
# What srun makes of a signal, and what becomes of tasks without it.
. ./show.sh

polite='trap "echo told \$SLURM_PROCID; exit 4" TERM INT HUP QUIT USR1 USR2; echo up; for i in 1 2 3 4 5 6 7 8; do sleep 0.5; done'
for signal in TERM HUP QUIT; do
  signalled $signal srun --overlap bash -c "$polite"
done
signalled TERM srun --overlap --kill-on-bad-exit=1 bash -c 'echo up; exec sleep 20'
for signal in USR1 USR2; do
  signalled $signal srun --overlap bash -c "$polite"
done
signalled INT srun --overlap bash -c 'echo up; exec sleep 3'

echo 'KILL'
srun --overlap bash -c 'trap "echo told >told" TERM; while :; do date +%s >alive.$SLURM_PROCID; sleep 0.2; done' &
until [[ -s alive.0 && -s alive.1 ]]; do sleep 0.1; done
kill -KILL $!
wait $!
sleep 4
before=$(cat alive.*)
sleep 1
[[ $before == "$(cat alive.*)" ]] && echo '  the tasks have ended'
[[ ! -e told ]] && echo '  without having been told'

echo 'scancel of a step'
rm -f show.out
srun --overlap bash -c "$polite" >show.out 2>show.err &
step=$!
until [[ -s show.out ]]; do sleep 0.1; done
scancel "$(squeue --noheader --steps --jobs="$SLURM_JOB_ID" --format=%i | grep -v batch | sort -V | tail -n 1)"
wait $step
echo "  = $?"
errors
