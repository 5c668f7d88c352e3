"""Ports of a rehearsed engine: they clash where a node's would, and not where two nodes share this machine."""

import socket

CLAIM = "\0dyn-slurm-rehearsal:"


def hold(kind, name):
    """Holds a name on this machine for as long as this process, or what it becomes, lives."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    claim.set_inheritable(True)
    try:
        claim.bind(f"{CLAIM}{kind}:{name}")
    except OSError:
        claim.close()
        return None
    return claim


def bootstrap_port(address, port, held):
    """
    The mocker's bootstrap server binds all addresses, so with the node's port it would keep that from every other node on
    this machine. The decode workers learn the port from the discovery, so any other serves as well.
    """
    own = hold("node", f"{address}:{port}")
    if own is None:
        raise OSError(98, f"bootstrap port {port} of {address}: Address already in use")
    held.append(own)
    while True:
        with socket.socket() as probe:
            probe.bind(("", 0))
            found = probe.getsockname()[1]
        claim = hold("machine", found)
        if claim is not None:
            held.append(claim)
            return found


def dist_init(address, node):
    """Opens the leader's dist-init port. Nobody accepts there: the other ranks only see whether it lives."""
    host, _, port = address.rpartition(":")
    if host != node:
        raise OSError(99, f"dist-init address {address} is not of this node, {node}: Cannot assign requested address")
    listener = socket.socket()
    listener.set_inheritable(True)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
    except OSError as error:
        raise OSError(error.errno, f"dist-init address {address}: {error.strerror}") from None
    listener.listen(128)
    return listener
