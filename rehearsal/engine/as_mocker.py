"""Called as `as_mocker.py MODULE ARGUMENTS` for an engine's command; becomes dynamo.mocker, served.py or a follower."""

import os
import signal
import sys

from follower import follow
from mapping import Unmapped, own_mocker, summary, to_mocker
from ports import bootstrap_port, dist_init
from registered import endpoint_of
from trtllm import trtllm_to_mocker
from vllm import vllm_to_mocker

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.normpath(os.path.join(HERE, "../model"))

ENGINES = {
    "dynamo.mocker": own_mocker,
    "dynamo.vllm": vllm_to_mocker,
    "dynamo.trtllm": trtllm_to_mocker,
}


def say(text):
    # In one piece: the tasks of a step write into one log.
    sys.stderr.write(f"rehearsal: {text}\n")


def main(words):
    module, *arguments = words
    try:
        mapped = ENGINES.get(module, to_mocker)(module, arguments, MODEL, os.environ.get("DYN_SLURM_SPEEDUP") or "1")
    except Unmapped as error:
        say(str(error))
        return 2
    say(summary(module, mapped))
    if mapped.rank > 0:
        return follow(mapped.dist_init, mapped.rank, mapped.nodes, say)
    node = os.environ.get("DYN_SLURM_NODE_ADDR", "127.0.0.1")
    # Open sockets: what this process becomes keeps them until it ends.
    held = []
    try:
        if mapped.dist_init is not None:
            held.append(dist_init(mapped.dist_init, node))
        if mapped.also is not None:
            held.append(dist_init(mapped.also, node))
        if mapped.bootstrap_port is not None:
            port = bootstrap_port(node, mapped.bootstrap_port, held)
            mapped.add("bootstrap-ports", port)
            say(f"nodes share this machine, so port {port} serves in place of bootstrap port {mapped.bootstrap_port}")
    except OSError as error:
        say(f"error: {error.strerror}")
        return 1
    endpoint = None if "--endpoint" in mapped.argv else endpoint_of(mapped)
    if endpoint is not None:
        mapped.add("endpoint", endpoint)
    if mapped.work == "nothing":
        signal.pause()
    program = ["-m", "dynamo.mocker"] if mapped.work is None else [os.path.join(HERE, "served.py"), mapped.work]
    os.execve(sys.executable, [sys.executable, *program, *mapped.argv], {**os.environ, **mapped.environment})


sys.exit(main(sys.argv[1:]))
