# shellcheck shell=bash
# The cluster's accounts: slurmdbd over a MariaDB, both in the box `db`, with their data in the cluster's own folder.

slurm_conf_accounting() {
  if [[ -z $ACCOUNTING ]]; then
    echo 'AccountingStorageType=accounting_storage/none'
    return
  fi
  cat <<END
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=db
AccountingStoragePass=$STATE/munge/socket
AccountingStorageEnforce=limits,qos
AccountingStorageTRES=gres/gpu
# Without cgroups for memory, what a job uses is looked up, and too much of it ends the job.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
END
}

write_slurmdbd_conf() {
  mkdir -p "$STATE/db"
  (umask 077 && cat >"$STATE/slurm/slurmdbd.conf") <<END
DbdHost=db
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$STATE/munge/socket
PidFile=/run/slurmdbd.pid
LogFile=$STATE/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StorageUser=root
StorageLoc=slurm
END
}

# start_accounting: starts what of it does not run. The database listens to its own box only, where nobody logs in.
start_accounting() {
  local new=''
  if ! runs db mariadbd; then
    if [[ ! -e $STATE/db/mysql ]]; then
      new=1
      enter db mariadb-install-db --no-defaults --user=root --datadir="$STATE/db" --skip-test-db \
        --auth-root-authentication-method=normal >"$STATE/log/mariadb-install.log" 2>&1
    fi
    # Its data are worth nothing after a crash.
    enter db setsid --fork mariadbd --no-defaults --user=root --datadir="$STATE/db" --socket=/run/mariadb.socket \
      --bind-address=127.0.0.1 --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=256M \
      --innodb-lock-wait-timeout=900 >"$STATE/log/mariadb.log" 2>&1 </dev/null
    await_answer 20 enter db mariadb --no-defaults --socket=/run/mariadb.socket --user=root --execute 'select 1'
  fi
  if ! runs db slurmdbd; then
    enter db slurmdbd
    await_answer 20 enter db sacctmgr --noheader list cluster
  fi
  [[ -z $new ]] || write_accounts
}

# await_answer SECONDS COMMAND...: repeats a command until it succeeds.
await_answer() {
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || {
      echo "no answer: $*" >&2
      return 1
    }
    sleep 0.1
  done
}

# write_accounts: everybody has both accounts, research by default.
write_accounts() {
  local people
  people=$(cut -d ' ' -f 1 <<<"$PEOPLE" | grep -vx me | paste -sd ,)
  {
    enter db sacctmgr --immediate add cluster "$NAME"
    enter db sacctmgr --immediate add account research,production
    enter db sacctmgr --immediate add user "root,$people" account=research,production defaultaccount=research
  } >>"$STATE/log/accounts.log"
}
