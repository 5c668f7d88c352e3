"""From the arguments of dynamo.sglang to those of dynamo.mocker (ai-dynamo 1.6.1)."""

from arguments import Arguments
from registered import role

# Modules by the role that they imply; None: --disaggregation-mode says it.
MODULES = {
    "dynamo.sglang": None,
    "dynamo.sglang.worker": None,
    "dynamo.sglang.decode_worker": "decode",
    "sglang.launch_server": None,
}

# Other engines, which are mapped elsewhere.
OTHERS = ("dynamo.vllm", "dynamo.trtllm", "dynamo.mocker")

MODES = {"": "agg", "null": "agg", "agg": "agg", "prefill_and_decode": "agg", "pd": "agg", "prefill": "prefill", "decode": "decode"}

# Workers that do something else than completing text, by the flag that says so; served.py plays them. A processor passes
# requests on, and the frontend of a rehearsal needs none.
WORKS = {
    "embedding-worker": "embeddings",
    "rerank-worker": "rerank",
    "classify-worker": "classify",
    "multimodal-encode-worker": "encode",
    "multimodal-processor": "nothing",
}

# Workers that have no stand-in.
REFUSED = ("image-diffusion-worker", "video-generation-worker", "omni", "realtime")

# Same meaning, maybe another name.
RENAMED = {
    "endpoint": "endpoint",
    "discovery-backend": "discovery-backend",
    "request-plane": "request-plane",
    "response-plane": "response-plane",
    "event-plane": "event-plane",
    "page-size": "block-size",
    "context-length": "max-model-len",
    "max-prefill-tokens": "sglang-max-prefill-tokens",
}

POLICIES = {"fcfs": "fifo", "lpm": "lpm"}
CACHE_TYPES = ("auto", "bfloat16", "fp8_e4m3", "fp8_e5m2")

# KV cache of one DP rank where the engine would take what memory there is. Tokens.
CACHE_TOKENS = 1 << 20


class Unmapped(Exception):
    """This command has no stand-in; the message says why."""


class Mapped:
    def __init__(self):
        self.argv = []
        self.environment = {}
        self.mode = "agg"
        # What it does where it does not complete text.
        self.work = None
        self.dp = 1
        self.attention = False
        self.rank = 0
        self.nodes = 1
        self.dist_init = None
        # Another address at which the leader listens for its ranks.
        self.also = None
        self.bootstrap_port = None
        self.ignored = []

    def add(self, name, value=None):
        self.argv += [f"--{name}"] if value is None else [f"--{name}", str(value)]


def take_work(mapped, given, mode):
    """Sets what a worker of this `--disaggregation-mode` does, and its mode. Raises Unmapped where nothing plays it."""
    for name in REFUSED:
        if given.has(name):
            raise Unmapped(f"--{name} has no stand-in: mock engines answer text, embeddings, rankings and classes only")
    for name, work in WORKS.items():
        if given.take(name) is not None:
            mapped.work = work
    if role() == "processor":
        mapped.work = "nothing"
    elif mode == "encode" or role() == "encode":
        mapped.work = "encode"
    elif (mode or "") not in MODES:
        raise Unmapped(f"--disaggregation-mode {mode} has no stand-in")
    else:
        mapped.mode = MODES[mode or ""]


def to_mocker(module, words, model, speedup):
    """Raises Unmapped. `model` is the folder of the tiny model."""
    if module not in MODULES:
        raise Unmapped(f"{module} has no stand-in: a rehearsal knows {', '.join((*MODULES, *OTHERS))}")
    given = Arguments(words)
    mapped = Mapped()
    mode = given.take("disaggregation-mode")
    take_work(mapped, given, MODULES[module] or mode)
    mapped.nodes = given.number("nnodes") or 1
    mapped.rank = given.number("node-rank") or 0
    mapped.dist_init = given.take("dist-init-addr", "nccl-init-addr")
    mapped.attention = given.has("attn-dp-size", "attention-data-parallel-size")
    mapped.dp = given.number("attn-dp-size", "attention-data-parallel-size", "data-parallel-size", "dp-size", "dp") or 1
    port = given.number("disaggregation-bootstrap-port")
    if mapped.mode == "prefill":
        mapped.bootstrap_port = port
    namespace = given.take("namespace")
    if namespace:
        mapped.environment["DYN_NAMESPACE"] = namespace

    path = given.take("model-path", "model")
    mapped.add("model-path", model)
    mapped.add("model-name", given.take("served-model-name") or path or "model")
    mapped.add("engine-type", "sglang")
    mapped.add("disaggregation-mode", mapped.mode)
    mapped.add("data-parallel-size", mapped.dp)
    mapped.add("speedup-ratio", speedup)
    add_sizes(mapped, given)
    for name, own in RENAMED.items():
        value = given.take(name)
        if value:
            mapped.add(own, value)
    if given.take("disable-radix-cache") is not None:
        mapped.add("no-enable-prefix-caching")
    add_choices(mapped, given)
    # The plan gives every worker an address to listen at; the mocker takes its own from the job's environment.
    given.take("host")
    # Of no consequence without GPUs: how the weights are spread.
    given.take("tensor-parallel-size", "tp-size", "tp")
    given.take("pipeline-parallel-size", "pp-size")
    given.take("expert-parallel-size", "ep-size", "ep")
    mapped.ignored = [f"--{name}" for name in given.left]
    return mapped


def own_mocker(_, words, model, speedup):
    """A dynamo.mocker that the job runs itself, with the tiny model in place of its own."""
    given = Arguments(words)
    mapped = Mapped()
    mapped.mode = given.take("disaggregation-mode") or "agg"
    given.take("model-path")
    mapped.dp = given.number("data-parallel-size") or 1
    mapped.add("model-path", model)
    mapped.add("disaggregation-mode", mapped.mode)
    mapped.add("data-parallel-size", mapped.dp)
    mapped.add("speedup-ratio", given.take("speedup-ratio") or speedup)
    for name, values in given.left.items():
        mapped.argv += [f"--{name}", *values]
    return mapped


def add_sizes(mapped, given):
    """With DP attention SGLang divides its limits between the ranks; the mocker's are those of one rank."""
    attention = given.take("enable-dp-attention") is not None or mapped.attention
    ranks = mapped.dp if attention else 1
    page = int((given.left.get("page-size") or ["1"])[-1])
    requests = given.number("max-running-requests")
    if requests:
        mapped.add("max-num-seqs", max(requests // ranks, 1))
    chunk = given.number("chunked-prefill-size")
    # A decode worker of SGLang prefills nothing; the mocker would, and cannot with a chunk of a few tokens.
    if chunk and chunk > 0 and mapped.mode != "decode":
        mapped.add("sglang-chunked-prefill-size", max(chunk // ranks, page))
    tokens = given.number("max-total-tokens") or CACHE_TOKENS
    mapped.add("num-gpu-blocks-override", max(tokens // page, 1))


def add_choices(mapped, given):
    policy = given.take("schedule-policy")
    if policy in POLICIES:
        mapped.add("sglang-schedule-policy", POLICIES[policy])
    conservativeness = given.take("schedule-conservativeness")
    if conservativeness:
        mapped.add("sglang-schedule-conservativeness", min(float(conservativeness), 1.0))
    cache_type = given.take("kv-cache-dtype")
    if cache_type in CACHE_TYPES:
        mapped.add("kv-cache-dtype", cache_type)


STANDS_FOR = {
    "embeddings": "embeddings",
    "rerank": "rankings",
    "classify": "classes",
    "encode": "an encoder that registers and encodes nothing",
    "nothing": "a processor that does nothing",
}


def summary(module, mapped, becomes=None):
    parts = [mapped.mode, f"dp {mapped.dp}"] if mapped.work is None else [STANDS_FOR[mapped.work]]
    if mapped.ignored:
        plural = "argument" if len(mapped.ignored) == 1 else "arguments"
        parts.append(f"{len(mapped.ignored)} {plural} ignored: {' '.join(mapped.ignored)}")
    becomes = becomes or ("dynamo.mocker" if mapped.work is None else "a mock engine")
    return f"{module} stands in as {becomes}: {', '.join(parts)}"
