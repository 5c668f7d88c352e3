#!/usr/bin/env bash
# Puts another release of Debian or Ubuntu into a folder, with all that the cluster needs, for `up.sh --root FOLDER`:
# `root.sh RELEASE FOLDER`, where RELEASE is bullseye, trixie, sid, …, or noble, resolute, …, whose Slurms lie between them.
# The machine itself stays as it is. Needs mmdebstrap, and for Ubuntu its keyring, Debian's package ubuntu-keyring.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/packages.sh"

(($# == 2)) || { echo 'usage: root.sh RELEASE FOLDER' >&2 && exit 2; }
# shellcheck disable=SC2034 # packages.sh reads it
ACCOUNTING=1
# ca-certificates and python3 for the libraries that the machine’s own Node.js and Python need.
packages=procps,login,ca-certificates,python3$(every_package | while read -r name _; do printf ',%s' "$name"; done)
ubuntu=()
case $1 in
  jammy | noble | questing | resolute)
    ubuntu=('--components=main,universe' --keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg)
    set -- "$@" http://archive.ubuntu.com/ubuntu
    ;;
esac
# What a frozen mirror has is older than its date allows.
exec mmdebstrap --variant=minbase --aptopt='APT::Install-Recommends "false"' \
  --aptopt='Acquire::Check-Valid-Until "false"' --include="$packages" "${ubuntu[@]}" "$@"
