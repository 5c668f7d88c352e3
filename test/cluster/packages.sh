# shellcheck shell=bash
# The Debian packages that the cluster is made of.

# PACKAGE FILE: a package is there when its file is.
PACKAGES='slurmctld /usr/sbin/slurmctld
slurmd /usr/sbin/slurmd
slurm-client /usr/bin/srun
munge /usr/sbin/munged
openssh-server /usr/sbin/sshd
openssh-client /usr/bin/ssh
sshfs /usr/bin/sshfs
btrfs-progs /usr/sbin/mkfs.btrfs
iproute2 /usr/sbin/ip
tcsh /bin/csh
gcc /usr/bin/gcc
squashfs-tools /usr/bin/mksquashfs
libc6-dev /usr/include/stdio.h
libslurm-dev /usr/include/slurm/spank.h
libpam0g-dev /usr/include/security/pam_modules.h'

# For --accounting. Without the service that Debian's mariadb-server would set up; older releases have its version in
# the name, which apt-get takes for a pattern.
ACCOUNTING_PACKAGES='slurmdbd /usr/sbin/slurmdbd
^mariadb-server-core(-[0-9.]+)?$ /usr/sbin/mariadbd
^mariadb-client-core(-[0-9.]+)?$ /usr/bin/mariadb'

every_package() {
  echo "$PACKAGES"
  [[ -z ${ACCOUNTING:-} ]] || echo "$ACCOUNTING_PACKAGES"
}

missing_packages() {
  local package file
  while read -r package file; do
    [[ -e $file || -e ${file/#\/usr\/sbin/\/sbin} ]] || echo "$package"
  done < <(every_package)
}

# Installs what is missing, and says so. Debian would start what it installs: the machine's own sshd and Slurm daemons,
# which nobody has asked for.
install_packages() {
  local -a missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  echo "installing ${missing[*]} with apt-get" >&2
  (
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
      trap 'rm -f "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    # Other tests install what they need meanwhile, and apt-get does not wait for the lists.
    flock 9
    apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"
  ) 9</var/lib/apt >&2 || {
    echo "could not install ${missing[*]}" >&2
    return 1
  }
}
