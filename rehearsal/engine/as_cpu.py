"""
Called as `as_cpu.py MODULE ARGUMENTS` for the command of a worker with SGLang: becomes the same command on SGLang's CPU
engine, with a tiny model of random weights; ranks above 0 become followers.
"""

import fnmatch
import os
import resource
import sys

from arguments import Arguments
from follower import follow
from ports import dist_init

HERE = os.path.dirname(os.path.abspath(__file__))
# Beside the virtual environment that runs this.
MODEL = os.path.join(os.path.dirname(sys.prefix), "model")

# What the tiny model takes the place of.
OF_THE_MODEL = ("model-path", "model", "tokenizer-path", "tokenizer-mode", "revision", "dtype", "load-format",
                "model-loader-extra-config", "json-model-override-args", "trust-remote-code", "chat-template")

# How a worker is spread over GPUs and nodes; here it is one process.
SPREAD = ("tensor-parallel-size", "tp-size", "tp", "pipeline-parallel-size", "pp-size", "pp", "data-parallel-size",
          "dp-size", "dp", "expert-parallel-size", "ep-size", "ep", "attn-*", "attention-data-parallel-size",
          "attention-context-parallel-size", "moe-*-size", "dcp-size", "enable-dp-*", "load-balance-method", "dist-timeout")

# What only GPUs, or only the model that the tiny one replaces, can do.
OF_GPUS = ("attention-backend", "*-attention-backend", "sampling-backend", "device", "base-gpu-id", "gpu-id-step",
           "mem-fraction-static", "*cuda*", "kv-cache-dtype", "quantization*", "modelopt-*", "fp4-*", "fp8-*", "moe-*",
           "ep-*", "eplb-*", "enable-eplb", "expert-*", "deepep-*", "*flashinfer*", "speculative-*", "enable-symm-mem",
           "enable-nccl-*", "*-overlap", "disable-shared-experts-fusion", "*custom-all-reduce", "enable-mscclpp", "mamba-*",
           "nsa-*", "dsa-*", "*torch-compile*", "*piecewise*", "enable-memory-saver", "numa-node", "hicache-*",
           "enable-hierarchical-cache", "*lora*", "enable-multimodal", "mm-*", "disable-chunked-prefix-cache")

# A request reserves memory for as many tokens as the context has.
MOST = {"context-length": 32768, "max-running-requests": 64, "max-total-tokens": 65536}

# What a worker may use, so that it fails alone rather than with the machine. Bytes of private memory of each of its
# processes, which start with that of threads that they never touch.
MEMORY = 8 << 30

ENVIRONMENT = {
    "SGLANG_USE_CPU_ENGINE": "1",
    # The other one is compiled, against a GPU's.
    "SGLANG_UNIFIED_RADIX_TREE_CORE_BACKEND": "python",
    "PYTHONPATH": os.path.join(HERE, "cpu"),
    # The folder may be read-only, and is what npm packs.
    "PYTHONDONTWRITEBYTECODE": "1",
    # The device that a rehearsed node names is not this machine's; its address is one of loopback.
    "GLOO_SOCKET_IFNAME": "lo",
}


def say(text):
    # In one piece: the tasks of a step write into one log.
    sys.stderr.write(f"cpu: {text}\n")


def matching(left, patterns):
    return [name for name in left if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def to_cpu(words):
    """The arguments for the CPU engine, and the names of those that were left out."""
    given = Arguments(words)
    path = given.left.get("model-path") or given.left.get("model") or ["model"]
    for name in OF_THE_MODEL:
        given.take(name)
    for name in matching(given.left, SPREAD):
        given.take(name)
    ignored = matching(given.left, OF_GPUS)
    for name in ignored:
        given.take(name)
    kept = {
        "served-model-name": path[-1:],
        "page-size": ["1"],
        **{name: [str(most)] for name, most in MOST.items()},
        **given.left,
        "model-path": [MODEL],
        "device": ["cpu"],
        "attention-backend": ["torch_native"],
        "sampling-backend": ["pytorch"],
    }
    for name, most in MOST.items():
        # What is no number, SGLang's own parser refuses.
        if kept[name] and kept[name][-1].isdigit():
            kept[name] = [str(min(int(kept[name][-1]), most))]
    argv = [word for name, values in kept.items() for word in (f"--{name}", *values)]
    return argv, [f"--{name}" for name in ignored]


def main(words):
    module, *arguments = words
    placed = Arguments(arguments)
    nodes, rank = placed.number("nnodes") or 1, placed.number("node-rank") or 0
    address = placed.take("dist-init-addr", "nccl-init-addr")
    if rank > 0:
        return follow(address, rank, nodes, say)
    argv, ignored = to_cpu([word for name, values in placed.left.items() for word in (f"--{name}", *values)])
    left_out = f": {len(ignored)} argument{'s' * (len(ignored) != 1)} ignored: {' '.join(ignored)}" if ignored else ""
    say(f"{module} runs on SGLang's CPU engine{left_out}")
    # Open sockets: what this process becomes keeps them until it ends.
    held = []
    try:
        if address is not None:
            held.append(dist_init(address, os.environ.get("DYN_SLURM_NODE_ADDR", "127.0.0.1")))
    except OSError as error:
        say(f"error: {error.strerror}")
        return 1
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    environment = {"OMP_NUM_THREADS": "1", **os.environ, **ENVIRONMENT}
    os.execve(sys.executable, [sys.executable, "-m", module, *argv], environment)


sys.exit(main(sys.argv[1:]))
