# shellcheck shell=bash
# What a cluster that is up tells of itself.

write_hosts() {
  local i
  {
    printf '127.0.0.1 localhost hub\n%s.2 ctl\n%s.3 login\n%s.4 bastion\n%s.5 db\n' "$SUBNET" "$SUBNET" "$SUBNET" "$SUBNET"
    for ((i = 1; i <= NODES; i++)); do echo "$SUBNET.$((10 + i)) ${DOMAIN:+node$i$DOMAIN }node$i"; done
  } >"$STATE/etc/all/hosts"
  printf '127.0.0.1 localhost laptop\n%s.1 bastion\n' "${SUBNET/88/89}" >"$STATE/etc/laptop/hosts"
}

version() {
  enter ctl slurmctld -V | cut -d ' ' -f 2
}

describe() {
  if [[ -n $JSON ]]; then
    describe_json
    return
  fi
  cat <<END
Slurm $(version) with $NODES nodes is up: cluster $NAME, in $STATE

  export SLURM_CONF=$STATE/slurm/slurm.conf          the machine itself, as root, is one more host of the cluster
  npm run cluster:shell                              the login node, as ada
  npm run cluster:shell node1                        a node, as root; likewise ctl, bastion, laptop
  npm run cluster:shell laptop su - me               outside: only \`ssh login\` through the bastion leads in
  npm run cluster:down

  nodes node1 to node$NODES at $SUBNET.11 to $SUBNET.$((10 + NODES)), controller $SUBNET.2, login $SUBNET.3
  partitions batch, debug (30 minutes, 2 nodes), scavenge (requeued for the others); accounts research, production
  users ada (keys or password), otto (password and code), mia (key and code), carl (csh), nora (rc file that talks)
  password $PASSWORD, code $CODE, passphrase of with_passphrase $PASSPHRASE
  shared by nodes and login: /home, $STATE/shared
END
  [[ -n $TOOLS ]] || echo '  without etcd, NATS and Dynamo: run `dyn-slurm setup`, then this again after cluster:down'
  [[ -n $FREEZER ]] || echo '  without freezer cgroups: daemons that a job leaves behind outlive it'
}

describe_json() {
  local i nodes='' tools=null root=null proctrack=linuxproc
  [[ -z $FREEZER ]] || proctrack=cgroup
  for ((i = 1; i <= NODES; i++)); do
    nodes+=",{\"name\":\"node$i\",\"ip\":\"$SUBNET.$((10 + i))\"}"
  done
  [[ -z $TOOLS ]] || tools="\"$TOOLS\""
  [[ -z $ROOT ]] || root="\"$ROOT\""
  cat <<END
{"name":"$NAME","state":"$STATE","slurmConf":"$STATE/slurm/slurm.conf","version":"$(version)",
"machine":"$SUBNET.1","controller":"$SUBNET.2","login":"$SUBNET.3","nodes":[${nodes#,}],"domain":"$DOMAIN","gpus":$GPUS,"killWait":$KILL_WAIT,
"proctrack":"$proctrack","shared":"$STATE/shared","homes":"$STATE/home","laptopHomes":"$STATE/laptop","containers":"$STATE/containers","roots":"$STATE/roots",
"password":"$PASSWORD","code":"$CODE","passphrase":"$PASSPHRASE","tools":$tools,"root":$root}
END
}
