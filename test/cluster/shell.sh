#!/usr/bin/env bash
# A shell in a box: `shell.sh [--name NAME] [BOX] [COMMAND...]`. On the login node, the default, as the user ada; in all
# others as root.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/box.sh"
. "$HERE/place.sh"

NAME=dev
[[ ${1:-} != --name ]] || { NAME=$2 && shift 2; }
STATE=$(place)/$NAME
# shellcheck source=/dev/null
. "$STATE/cluster.env"
box=${1:-login}
shift || true
if (($#)); then
  enter "$box" "$@"
elif [[ $box == login ]]; then
  enter login su - ada
else
  enter "$box" bash -l
fi
