"""From the arguments of dynamo.trtllm, and its file of them, to those of dynamo.mocker (ai-dynamo 1.6.1)."""

import os

from arguments import Arguments
from mapping import CACHE_TOKENS, Mapped, Unmapped, take_work

DIFFUSION = ("image_diffusion", "video_diffusion")

SAME = ("endpoint", "discovery-backend", "request-plane", "response-plane", "event-plane")

BLOCK = 32


def trtllm_to_mocker(_, words, model, speedup):
    given = Arguments(words)
    mapped = Mapped()
    modality = given.take("modality")
    if modality in DIFFUSION:
        raise Unmapped(f"--modality {modality} has no stand-in: mock engines answer text only")
    take_work(mapped, given, given.take("disaggregation-mode"))
    engine = read(given.take("extra-engine-args"))
    place(mapped, engine)
    namespace = given.take("namespace")
    if namespace:
        mapped.environment["DYN_NAMESPACE"] = namespace

    path = given.take("model-path", "model")
    mapped.add("model-path", model)
    mapped.add("model-name", given.take("served-model-name") or path or "model")
    mapped.add("engine-type", "trtllm")
    mapped.add("disaggregation-mode", mapped.mode)
    mapped.add("data-parallel-size", mapped.dp)
    mapped.add("speedup-ratio", speedup)
    cache = engine.get("kv_cache_config") or {}
    block = cache.get("tokens_per_block") or BLOCK
    mapped.add("block-size", block)
    mapped.add("num-gpu-blocks-override", max(CACHE_TOKENS // block, 1))
    for name, own in (
        ("max_batch_size", "max-num-seqs"),
        ("max_num_tokens", "max-num-batched-tokens"),
        ("max_seq_len", "max-model-len"),
    ):
        if engine.get(name):
            mapped.add(own, engine[name])
    if cache.get("enable_block_reuse") is False:
        mapped.add("no-enable-prefix-caching")
    for name in SAME:
        value = given.take(name)
        if value:
            mapped.add(name, value)
    mapped.ignored = [f"--{name}" for name in given.left]
    return mapped


def read(path):
    if not path:
        return {}
    # Of the tools' Python.
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            engine = yaml.safe_load(file)
    except (OSError, yaml.YAMLError) as error:
        raise Unmapped(f"cannot read {path}: {error}") from None
    if not isinstance(engine, dict):
        raise Unmapped(f"{path} holds no map")
    return engine


def place(mapped, engine):
    """Its rank of MPI, without which the real one would start ranks itself, and fail in a Slurm step."""
    rank, size = os.environ.get("DYN_SLURM_MPI_RANK"), os.environ.get("DYN_SLURM_MPI_SIZE")
    if rank is None:
        raise Unmapped("not started by trtllm-llmapi-launch, so it has no MPI ranks")
    mapped.rank, mapped.nodes = int(rank), int(size or 1)
    world = (engine.get("tensor_parallel_size") or 1) * (engine.get("pipeline_parallel_size") or 1)
    if world != mapped.nodes:
        raise Unmapped(f"tensor_parallel_size × pipeline_parallel_size is {world}, but MPI has {mapped.nodes} ranks")
    if mapped.nodes > 1:
        mapped.dist_init = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
    if engine.get("enable_attention_dp"):
        mapped.dp = engine.get("tensor_parallel_size") or 1
