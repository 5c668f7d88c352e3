"""From the arguments of dynamo.vllm to those of dynamo.mocker (ai-dynamo 1.6.1)."""

from arguments import Arguments
from mapping import CACHE_TOKENS, CACHE_TYPES, Mapped, Unmapped, take_work
from registered import role

SAME = (
    "endpoint",
    "discovery-backend",
    "request-plane",
    "response-plane",
    "event-plane",
    "block-size",
    "max-num-seqs",
    "max-num-batched-tokens",
)

BLOCK = 16


def vllm_to_mocker(_, words, model, speedup):
    given = Arguments(words)
    mapped = Mapped()
    mode = given.take("disaggregation-mode")
    for name in ("prefill", "decode"):
        if given.take(f"is-{name}-worker") is not None:
            mode = name
    # Before Dynamo 1.0 nothing told a decode worker from an aggregated one.
    if mode is None and role() == "decode":
        mode = "decode"
    take_work(mapped, given, mode)
    place(mapped, given)
    namespace = given.take("namespace")
    if namespace:
        mapped.environment["DYN_NAMESPACE"] = namespace

    path = given.take("model", "model-path")
    mapped.add("model-path", model)
    mapped.add("model-name", given.take("served-model-name") or path or "model")
    mapped.add("engine-type", "vllm")
    mapped.add("disaggregation-mode", mapped.mode)
    mapped.add("data-parallel-size", mapped.dp)
    mapped.add("speedup-ratio", speedup)
    block = int((given.left.get("block-size") or [BLOCK])[-1])
    mapped.add("num-gpu-blocks-override", max(CACHE_TOKENS // block, 1))
    for name in SAME:
        value = given.take(name)
        if value:
            mapped.add(name, value)
    length = given.take("max-model-len")
    if length and length.isdigit():
        mapped.add("max-model-len", length)
    if given.take("no-enable-prefix-caching") is not None:
        mapped.add("no-enable-prefix-caching")
    cache_type = given.take("kv-cache-dtype")
    if cache_type in CACHE_TYPES:
        mapped.add("kv-cache-dtype", cache_type)
    # Of no consequence without GPUs: how the weights are spread.
    given.take("tensor-parallel-size", "tp")
    given.take("pipeline-parallel-size", "pp")
    given.take("decode-context-parallel-size", "prefill-context-parallel-size")
    given.take("enable-expert-parallel")
    mapped.ignored = [f"--{name}" for name in given.left]
    return mapped


def place(mapped, given):
    """Which rank it is, and where its leader is. A node that serves data parallel ranks of its own is a leader, too."""
    mapped.nodes = given.number("nnodes") or 1
    rank = given.number("node-rank") or 0
    headless = given.take("headless") is not None
    if rank > 0 and not headless:
        raise Unmapped(f"--node-rank {rank} without --headless would serve beside rank 0")
    if headless:
        mapped.rank = rank
    master, port = given.take("master-addr"), given.take("master-port")
    if master and port:
        mapped.dist_init = f"{master}:{port}"
    ranks = given.number("data-parallel-size") or 1
    own = given.number("data-parallel-rank")
    given.take("data-parallel-external-lb")
    mapped.dp = 1 if own is not None else given.number("data-parallel-size-local") or ranks
    first = own or given.number("data-parallel-start-rank") or 0
    given.take("data-parallel-hybrid-lb")
    address, port = given.take("data-parallel-address"), given.take("data-parallel-rpc-port")
    if address and port and first == 0 and not headless:
        mapped.also = f"{address}:{port}"
