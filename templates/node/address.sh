# shellcheck shell=bash
# Which IPv4 address of this node the services use, and on which interface it is. https://man7.org/linux/man-pages/man8/ip-address.8.html

# By index, what the latest list_addresses found: an address, the length of its network's prefix, and its interface.
ADDRESSES=() LENGTHS=() DEVICES=()
# By index, the interfaces that the default route leads over, and the gateways there; empty for a gateway without IPv4.
ROUTES=() GATEWAYS=()
# The source address that the default route names.
SOURCE=''

# find_address WANTED...: the first that this node has: `auto` for the default route's, the name of an interface, a glob, or
# a subnet (10.0.0.0/16). Sets ADDRESS, and INTERFACE where programs that are given its name find that address; says
# both, or what the problem is.
find_address() {
  local wanted
  ADDRESS='' INTERFACE='' TROUBLE=''
  if ! type -P ip >/dev/null; then
    say problem 'has no program ip (of iproute2), neither on PATH nor in /usr/sbin or /sbin'
    return
  fi
  read_default_route
  for wanted in "$@"; do
    case $wanted in
      auto) take_default ;;
      *) take_named "$wanted" ;;
    esac
    [[ -z $ADDRESS ]] || break
  done
  if [[ -z $ADDRESS ]]; then
    say problem "${TROUBLE:-has no IPv4 address on an interface that fits \`interface: $*\` of the cluster profile}"
  else
    check_first
    say address "$ADDRESS $INTERFACE"
  fi
}

# list_addresses [WORDS OF ip addr show...]: the primary addresses that other nodes may reach.
list_addresses() {
  local line
  ADDRESSES=() LENGTHS=() DEVICES=()
  while IFS= read -r line; do
    [[ $line == *' scope global'* && $line != *' secondary '* ]] || continue
    [[ $line =~ ^[0-9]+:[[:space:]]+([^[:space:]@]+)[^[:space:]]*[[:space:]]+inet[[:space:]]+([0-9.]+)([^/]*/([0-9]+))? ]] || continue
    DEVICES+=("${BASH_REMATCH[1]}")
    ADDRESSES+=("${BASH_REMATCH[2]}")
    LENGTHS+=("${BASH_REMATCH[4]:-32}")
  done < <(ip -4 -o addr show "$@" scope global 2>/dev/null)
}

# read_default_route: sets SOURCE, ROUTES and GATEWAYS from the default route with the lowest metric. A route over several
# links (ECMP) has a line for each of them below its own.
read_default_route() {
  local line metric best='' current=''
  while IFS= read -r line; do
    case $line in
      default*)
        metric=0
        [[ ! $line =~ ' metric '([0-9]+) ]] || metric=${BASH_REMATCH[1]}
        current=''
        [[ -z $best ]] || ((metric < best)) || continue
        current=1 best=$metric SOURCE='' ROUTES=() GATEWAYS=()
        [[ ! $line =~ ' src '([0-9.]+) ]] || SOURCE=${BASH_REMATCH[1]}
        ;;
    esac
    [[ -n $current && ! $line =~ ' '(dead|linkdown)(' '|$) && $line =~ ' dev '([^[:space:]]+) ]] || continue
    ROUTES+=("${BASH_REMATCH[1]}")
    if [[ $line =~ ' via '([0-9.]+)(' '|$) ]]; then GATEWAYS+=("${BASH_REMATCH[1]}"); else GATEWAYS+=(''); fi
  done < <(ip -4 route show default 2>/dev/null)
}

# take_default: the address that the default route names as its source, else the one on its interface.
take_default() {
  local device index
  local -a addresses=() devices=()
  for device in "${ROUTES[@]}" lo; do
    [[ -n $SOURCE || $device != lo || ${#addresses[@]} -eq 0 ]] || break
    list_addresses dev "$device"
    for index in "${!ADDRESSES[@]}"; do
      if [[ ${ADDRESSES[$index]} == "$SOURCE" ]]; then
        ADDRESS=$SOURCE INTERFACE=$device
        return
      fi
    done
    [[ -z $SOURCE ]] || continue
    choose_on "$device"
    [[ -z $ADDRESS ]] || { addresses+=("$ADDRESS") && devices+=("$device"); }
    ADDRESS=''
    [[ -z $TROUBLE ]] || return
  done
  if [[ -n $SOURCE ]]; then
    ADDRESS=$SOURCE
  elif ((${#addresses[@]} == 1)); then
    ADDRESS=${addresses[0]} INTERFACE=${devices[0]}
  elif ((${#addresses[@]})); then
    TROUBLE="has a default route over several interfaces, each with an address (${addresses[*]}); write one of their names, or a subnet, as \`interface\` in the cluster profile"
  elif ((${#ROUTES[@]} == 0)); then
    # shellcheck disable=SC2016 # backquotes are for people
    TROUBLE='has no default route that would name an interface; write its name, or a subnet, as `interface` in the cluster profile'
  fi
}

# choose_on DEVICE: sets ADDRESS, of those that were listed: the only one, else the only one in a gateway's network.
choose_on() {
  local index route
  local -a near=()
  if ((${#ADDRESSES[@]} <= 1)); then
    ADDRESS=${ADDRESSES[0]:-}
    return
  fi
  for index in "${!ADDRESSES[@]}"; do
    for route in "${!ROUTES[@]}"; do
      [[ ${ROUTES[$route]} == "$1" && -n ${GATEWAYS[$route]} ]] || continue
      if within "${GATEWAYS[$route]}" "${ADDRESSES[$index]}" "${LENGTHS[$index]}"; then
        near+=("${ADDRESSES[$index]}")
        break
      fi
    done
  done
  if ((${#near[@]} == 1)); then
    ADDRESS=${near[0]}
  else
    TROUBLE="has several addresses on interface $1 (${ADDRESSES[*]}); write the subnet of one, such as ${ADDRESSES[0]}/${LENGTHS[0]}, as \`interface\` in the cluster profile"
  fi
}

# within ADDRESS NETWORK LENGTH
within() {
  local one two
  number_of "$1" && one=$NUMBER && number_of "$2" && two=$NUMBER || return 1
  (($3 == 0 || one >> (32 - $3) == two >> (32 - $3)))
}

# number_of ADDRESS: sets NUMBER.
number_of() {
  [[ $1 =~ ^([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)$ ]] || return 1
  NUMBER=$((10#${BASH_REMATCH[1]} << 24 | 10#${BASH_REMATCH[2]} << 16 | 10#${BASH_REMATCH[3]} << 8 | 10#${BASH_REMATCH[4]}))
}

# check_first: NCCL, Gloo and NVSHMEM are told an interface, and take its first address. Where that is another one, they
# must not be told.
check_first() {
  local line
  [[ -n $INTERFACE ]] || return 0
  while IFS= read -r line; do
    [[ $line =~ [[:space:]]inet[[:space:]]+([0-9.]+) ]] || continue
    [[ ${BASH_REMATCH[1]} != "$ADDRESS" ]] || return 0
    say warning "has $ADDRESS on $INTERFACE behind ${BASH_REMATCH[1]}, so NCCL and Gloo, which take the first address of an interface, are not told to use $INTERFACE"
    INTERFACE=''
    return
  done < <(ip -4 -o addr show dev "$INTERFACE" 2>/dev/null)
}
