"""A rank above 0: it registers nothing, and lives as long as its leader."""

import os
import signal
import socket
import time

# In reality the others notice a dead leader by a failed collective, seconds later.
NOTICE = 3.0
RETRY = 0.2


def follow(address, rank, nodes, say):
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    if address is None:
        say(f"node rank {rank} of {nodes} has no address to find its leader")
        return 1
    host, _, port = address.rpartition(":")
    say(f"node rank {rank} of {nodes} registers nothing and follows its leader at {address}")
    leader = connect(host, int(port))
    say(f"node rank {rank} of {nodes} found its leader")
    try:
        leader.recv(1)
    except OSError:
        pass
    say(f"node rank {rank} of {nodes} lost its leader at {address}")
    time.sleep(NOTICE)
    return 1


def connect(host, port):
    while True:
        try:
            leader = socket.create_connection((host, port), 2)
        except OSError:
            time.sleep(RETRY)
            continue
        leader.settimeout(None)
        return leader
