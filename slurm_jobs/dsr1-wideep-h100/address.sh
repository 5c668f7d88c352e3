# shellcheck shell=bash
# Prints this node's name and its IPv4 addresses on one interface: `address.sh eth0`, or `address.sh auto` for the
# interface of the default route. Exactly one address is wanted; lib.sh says so when it is another number.

interface=$1
if [[ $interface == auto ]]; then
  interface=$(ip -4 route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)
fi
addresses=$(ip -4 -o addr show dev "${interface:-none}" scope global | sed -n '/ secondary /!s/.* inet \([0-9.]*\).*/\1/p')
printf '%s %s\n' "${SLURMD_NODENAME:-unknown}" "${addresses//$'\n'/ }"
