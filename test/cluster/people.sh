# shellcheck shell=bash
# Users, their keys, and the ssh servers of login node and bastion. The users exist in the boxes only: passwd, group and
# shadow are copies there.

# name uid shell
PEOPLE='ada 20001 /bin/bash
otto 20002 /bin/bash
mia 20003 /bin/bash
carl 20004 /bin/csh
nora 20005 /bin/bash
jump 20006 /usr/sbin/nologin
me 20007 /bin/bash'

random_text() {
  od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}

write_people() {
  local name uid shell hash
  PASSWORD=$(random_text 6)
  CODE=$((RANDOM % 900000 + 100000))
  PASSPHRASE=$(random_text 6)
  # shellcheck disable=SC2016
  hash=$(perl -e 'print crypt($ARGV[0], "\$6\$" . $ARGV[1])' "$PASSWORD" "$(random_text 6)")
  cat "$ROOT/etc/passwd" >"$STATE/etc/all/passwd"
  cat "$ROOT/etc/group" >"$STATE/etc/all/group"
  (umask 077 && sed 's/^\([^:]*\):.*/\1:*:19000::::::/' "$ROOT/etc/passwd" >"$STATE/etc/all/shadow")
  while read -r name uid shell; do
    echo "$name:x:$uid:$uid:$name:/home/$name:$shell" >>"$STATE/etc/all/passwd"
    echo "$name:x:$uid:" >>"$STATE/etc/all/group"
    echo "$name:$hash:19000::::::" >>"$STATE/etc/all/shadow"
  done <<<"$PEOPLE"
  (umask 077 && printf '%s\n' "$CODE" >"$STATE/ssh/code")
  write_keys
  write_homes
}

# The laptop's keys: id_ed25519 is found by itself; the others have to be named, one by its passphrase, one by an agent.
write_keys() {
  local ssh=$STATE/laptop/me/.ssh
  mkdir -p "$ssh"
  ssh-keygen -q -t ed25519 -N '' -C laptop -f "$ssh/id_ed25519"
  ssh-keygen -q -t ed25519 -N "$PASSPHRASE" -C passphrase -f "$ssh/with_passphrase"
  ssh-keygen -q -t ed25519 -N '' -C agent -f "$ssh/for_agent"
  ssh-keygen -q -t ed25519 -N '' -C login -f "$STATE/ssh/login_key"
  ssh-keygen -q -t ed25519 -N '' -C bastion -f "$STATE/ssh/bastion_key"
  {
    printf 'login %s\n' "$(<"$STATE/ssh/login_key.pub")"
    printf '%s %s\n' "${SUBNET/88/89}.1" "$(<"$STATE/ssh/bastion_key.pub")"
  } >"$ssh/known_hosts"
  cat >"$ssh/config" <<END
Host bastion
  HostName ${SUBNET/88/89}.1
  User jump
Host login
  User ada
  ProxyJump bastion
Host *
  StrictHostKeyChecking yes
END
  chmod 700 "$ssh"
  chown -R 20007:20007 "$STATE/laptop/me"
}

write_homes() {
  local name uid home
  while read -r name uid _; do
    home=$STATE/home/$name
    [[ $name != me ]] || continue
    mkdir -p "$home/.ssh"
    cat "$STATE/laptop/me/.ssh/"*.pub >"$home/.ssh/authorized_keys"
    chmod 700 "$home" "$home/.ssh"
  done <<<"$PEOPLE"
  # A second factor, and a password alone.
  rm "$STATE/home/otto/.ssh/authorized_keys"
  # What breaks programs that read the output of commands: a shell that is not a POSIX shell, and one that talks.
  printf 'setenv EDITOR vi\nalias ls "ls -F"\n' >"$STATE/home/carl/.cshrc"
  cat >"$STATE/home/nora/.bashrc" <<'END'
echo "*** Welcome to the cluster. Maintenance on Monday. ***"
echo "stty: 'standard input': Inappropriate ioctl for device" >&2
printf '\033[1mYou have 1 new message.\033[0m'
END
  echo '. ~/.bashrc' >"$STATE/home/nora/.profile"
  while read -r name uid _; do
    [[ $name == me ]] || chown -R "$uid:$uid" "$STATE/home/$name"
  done <<<"$PEOPLE"
}

write_sshd_conf() {
  cat >"$STATE/etc/login/pam.d/sshd" <<END
auth [success=1 default=ignore] pam_succeed_if.so quiet user = mia
auth required pam_unix.so
auth [success=ignore default=1] pam_succeed_if.so quiet user in otto:mia
auth required $STATE/lib/pam_code.so $STATE/ssh/code
auth required pam_permit.so
account required pam_permit.so
session required pam_permit.so
END
  # The server's sftp goes through the user's shell, as Debian has it: noisy rc files reach it.
  cat >"$STATE/ssh/sshd_login" <<END
HostKey $STATE/ssh/login_key
PidFile /run/sshd.pid
UsePAM yes
PermitRootLogin no
PubkeyAuthentication yes
PasswordAuthentication yes
KbdInteractiveAuthentication yes
Banner $STATE/ssh/banner
Subsystem sftp /usr/lib/openssh/sftp-server
Match User otto
  AuthenticationMethods keyboard-interactive
Match User mia
  AuthenticationMethods publickey,keyboard-interactive
END
  echo 'Authorised use only. Activity is recorded.' >"$STATE/ssh/banner"
  cat >"$STATE/ssh/sshd_bastion" <<END
HostKey $STATE/ssh/bastion_key
PidFile /run/sshd.pid
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers jump
PermitTTY no
ForceCommand /usr/sbin/nologin
END
}
