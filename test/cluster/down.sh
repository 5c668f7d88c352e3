#!/usr/bin/env bash
# Takes a cluster down and leaves nothing of it: `down.sh [--name NAME]`.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/box.sh"
. "$HERE/place.sh"

NAME=dev
[[ ${1:-} != --name ]] || NAME=$2
lock_place
STATE=$PLACE/$NAME
# shellcheck source=/dev/null
[[ ! -e $STATE/cluster.env ]] || . "$STATE/cluster.env"
take_down
