#!/usr/bin/env bash
# What the commands accept and refuse, and in which words.
. ./show.sh

script() { printf '%b' "$1" >"$2"; }
script '#!/bin/bash\nsleep 3\n' ok.sh
script '#!/bin/bash\r\nsleep 3\r\n' crlf.sh
script 'sleep 3\n' nosh.sh
script '' empty.sh
script '#!/bin/bash\n#SBATCH --bogus=3\n' bogus.sh
script '#!/bin/bash\n#SBATCH -J my job\n' stray.sh
script '#!/bin/bash\n#SBATCH --time=90m\n' time.sh
script '#!/bin/bash\n#SBATCH -J "my job" --comment="a#b" #foo\n#SBATCH --comment=nvcr.io#nvidia\n  # x\n\n#SBATCH -N2\n##SBATCH -N3\n  #SBATCH -N4\n#SBATCH -o /dev/null # hi\necho\n#SBATCH -N5\nsleep 3\n' directives.sh

show sbatch nofile.sh
for name in crlf nosh empty bogus stray time; do show sbatch $name.sh; done
for option in --bogus --time=90m --time=xx --nodes=x --nodes=0 --signal=FOO@3 --mem=x --dependency=foo:1 --nodes; do show sbatch "$option" ok.sh; done

echo 'directives.sh becomes:'
id=$(sbatch --parsable directives.sh)
squeue --noheader --jobs="$id" --format='  %j|%k|%D'
echo 'and with options:'
id2=$(sbatch --parsable --nodes=1 -J other --comment=x directives.sh)
squeue --noheader --jobs="$id2" --format='  %j|%k|%D'
scancel "$id" "$id2"

echo 'held, and waiting for another:'
id=$(sbatch --parsable --hold --comment=held ok.sh)
id2=$(sbatch --parsable --dependency=afterok:"$id" ok.sh)
sleep 1
show squeue --noheader --jobs="$id,$id2" --format='%t|%T|%r|%R|%S|%N|%L|%M|%k|%D|%B'
show squeue --noheader --jobs="$id" --Format='State:|,StateCompact:4,Reason:.20,Name: ,Comment:0'
show squeue --noheader --jobs="$id" --Format=State,Reason,NodeList,Comment,TimeUsed,TimeLimit,StartTime,Name,NumNodes
show squeue --jobs="$id" --format='%.10P %.8j %2t %.12T %T|%.4j|'
scancel "$id2"
scancel "$id"
show squeue --noheader --states=all --jobs="$id,$id2" --format='%T %r'

show squeue --jobs=999999
show squeue --noheader --jobs=999998,999999
show squeue --jobs=abc
show squeue --bogus
show squeue --noheader --me
show scancel 999999
show scancel --quiet 999999
show scancel abc
show scancel
show scancel --signal=FOO 999999
show scancel --signal=TERM 999999
show scancel 999999.0
show scancel --bogus
show scancel --name=nope
show scontrol show hostnames 'a[1-3,07-09],b'
show scontrol show hostlist a1,a2,a3,b07,b08
show scontrol show hostlist a2,a1,a1,a10,a09
show scontrol show hostnames
show scontrol show job 999999
show scontrol release 999999
show scontrol hold 999999
show scontrol bogus
show salloc --bogus
show salloc --no-shell=x
# Whether it also says that the allocation was revoked is a race.
granted() {
  local status
  salloc "$@" 2>salloc.err
  status=$?
  sed 's/allocation [0-9]*/allocation ID/; /revoked/d' salloc.err >&2
  return $status
}
show granted -N2 bash -c 'echo $SLURM_JOB_NAME $SLURM_JOB_NUM_NODES $SLURM_JOB_NODELIST; exit 5'
show granted -N2 nope
