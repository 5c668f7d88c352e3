# shellcheck shell=bash
# The cluster's wire: a bridge in the box `hub`, so that the machine's own packet filter has no say in it, and one cable
# from there to every box and to the machine. The laptop has a cable to the bastion only.

# choose_subnet: sets SUBNET, three numbers of 10.88.X.0/24, and HOST_LINK, to what nothing on the machine uses yet.
choose_subnet() {
  local third taken
  taken=$(ip -4 -o addr show; ip -4 route show table all)
  for ((third = 0; third < 256; third++)); do
    if [[ $taken != *10.88.$third.* && ! -e /sys/class/net/dsc$third ]]; then
      SUBNET=10.88.$third
      HOST_LINK=dsc$third
      return
    fi
  done
  echo 'every network 10.88.X.0/24 is in use' >&2
  return 1
}

lay_cables() {
  local hub
  hub=$(box_pid hub)
  nsenter --target "$hub" --net ip -batch - <<END
link add cluster type bridge forward_delay 0
link set cluster up
END
  ip link add "$HOST_LINK" type veth peer name machine netns "$hub"
  nsenter --target "$hub" --net ip link set machine master cluster up
  ip addr add "$SUBNET.1/24" dev "$HOST_LINK"
  ip link set "$HOST_LINK" up
}

# connect BOX ADDRESS: its interface is eth0, the hub's end of the cable has the box's name. A box that is started again has
# its old hardware address, as a machine would: others go on sending to the one that they know for up to half a minute.
connect() {
  local hub pid hardware
  hub=$(box_pid hub)
  pid=$(box_pid "$1")
  # The network of a box that died lives on for as long as its connections could not be closed.
  nsenter --target "$hub" --net ip link delete "$1" 2>/dev/null || true
  # shellcheck disable=SC2086
  printf -v hardware '02:00:%02x:%02x:%02x:%02x' ${2//./ }
  ip link add eth0 address "$hardware" netns "$pid" type veth peer name "$1" netns "$hub"
  nsenter --target "$hub" --net ip link set "$1" master cluster up
  nsenter --target "$pid" --net ip -batch - <<END
addr add $2/24 dev eth0
link set eth0 up
route add default via $SUBNET.1
END
}

connect_laptop() {
  local bastion laptop
  bastion=$(box_pid bastion)
  laptop=$(box_pid laptop)
  ip link add eth0 netns "$laptop" type veth peer name outside netns "$bastion"
  nsenter --target "$bastion" --net ip -batch - <<END
addr add ${SUBNET/88/89}.1/24 dev outside
link set outside up
END
  nsenter --target "$laptop" --net ip -batch - <<END
addr add ${SUBNET/88/89}.2/24 dev eth0
link set eth0 up
END
}
