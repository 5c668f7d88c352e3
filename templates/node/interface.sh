# shellcheck shell=bash
# The address of an interface that the cluster profile names, by its name, a glob or a subnet.

take_named() {
  case $1 in
    */*) take_subnet "$1" ;;
    *[*?[]*) take_glob "$1" ;;
    *) take_interface "$1" ;;
  esac
}

# take_interface NAME: or the label of an address, eth0:1.
take_interface() {
  if [[ $1 == *:* ]]; then
    list_addresses label "$1"
  else
    list_addresses dev "$1"
  fi
  choose_on "$1"
  [[ -z $ADDRESS ]] || INTERFACE=${DEVICES[0]}
}

# take_glob GLOB: the first interface by name, eth2 before eth10.
take_glob() {
  local name
  local -a names=()
  list_addresses
  for name in "${DEVICES[@]}"; do
    # shellcheck disable=SC2053 # it is a pattern
    [[ $name != $1 ]] || names+=("$name")
  done
  ((${#names[@]})) || return 0
  name=$(printf '%s\n' "${names[@]}" | sort -V | head -n 1)
  take_interface "$name"
}

# take_subnet NETWORK/LENGTH: the first address in it.
take_subnet() {
  local index
  list_addresses
  for index in "${!ADDRESSES[@]}"; do
    within "${ADDRESSES[$index]}" "${1%/*}" "${1#*/}" || continue
    ADDRESS=${ADDRESSES[$index]} INTERFACE=${DEVICES[$index]}
    return
  done
}
