"""Records what a version of SGLang logs, by running its own logging code, without a GPU.

    pip download --no-deps sglang==VERSION && python3 -m zipfile -e sglang-VERSION-*.whl FOLDER
    python3 record.py VERSION FOLDER > VERSION.log

Needs tqdm. The functions and log calls are taken from the version's sources by their syntax trees and executed with
stand-ins for the scheduler around them; prefixes, formats and progress bars are the version's own.
The clock is ours: it makes the throughputs exact.
"""

import __future__

import ast
import io
import logging
import os
import sys
import time
import types
from collections import defaultdict
from enum import Enum
from unittest.mock import MagicMock

VERSION, FOLDER = sys.argv[1:3]
OLD = VERSION.startswith("0.4")
NEW = VERSION == "0.5.23"
SRT = os.path.join(FOLDER, "sglang", "srt")
SCHEDULER = "managers/scheduler.py"
METRICS = (
    SCHEDULER
    if OLD
    else "managers/scheduler_components/metrics_reporter.py" if NEW else "managers/scheduler_metrics_mixin.py"
)
UTILS = "utils.py" if OLD else "utils/common.py"
RUNNER = "model_executor/model_runner.py"

NOW = [1765374600.0]  # 2025-12-10 13:50:00 UTC
time.time = lambda: NOW[0]
time.perf_counter = lambda: NOW[0]
logging.Formatter.converter = time.gmtime


class Mode(Enum):
    NULL = "null"
    PREFILL = "prefill"
    DECODE = "decode"


def tree(path):
    with open(os.path.join(SRT, path), encoding="utf-8") as file:
        return ast.parse(file.read())


def run(nodes, space):
    module = ast.Module(body=nodes, type_ignores=[])
    flags = __future__.annotations.compiler_flag
    exec(compile(ast.fix_missing_locations(module), "sglang", "exec", flags), space)
    return space


def definition(path, name, space):
    """A function or class of the version, by name, wherever it is in the file."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    node = next(one for one in ast.walk(tree(path)) if isinstance(one, kinds) and one.name == name)
    return run([node], space)[name]


def words(node):
    return "".join(one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str))


def said(path, fragment, which=0, **space):
    """Evaluates the text that a call in the file logs, or sets as a bar's description."""
    calls = [
        one
        for one in ast.walk(tree(path))
        if isinstance(one, ast.Call) and one.args and fragment in words(one)
        and not any(isinstance(inner, ast.Call) and fragment in words(inner) for inner in ast.walk(one) if inner is not one)
    ]
    if not calls:
        raise LookupError(f"{path} does not say {fragment}")
    text = next(arg for arg in calls[which].args if fragment in words(arg))
    return eval(compile(ast.Expression(text), path, "eval"), {"defaultdict": defaultdict, "time": time, **space})


def log(path, fragment, which=0, **space):
    LOGGER.info(said(path, fragment, which, **space))


def prefix(**ranks):
    """What the scheduler's process puts before its lines."""
    name = "configure_scheduler_process" if NEW else "run_scheduler_process"
    function = next(
        one for one in ast.walk(tree(SCHEDULER)) if isinstance(one, ast.FunctionDef) and one.name == name
    )
    start = next(
        at for at, one in enumerate(function.body)
        if isinstance(one, ast.Assign) and getattr(one.targets[0], "id", "") == "prefix"
    )
    body = [one for one in function.body[start:] if isinstance(one, (ast.Assign, ast.If)) and "prefix" in ast.dump(one)]
    given = defaultdict(lambda: None, ranks)
    args = types.SimpleNamespace(
        tp_size=ranks.get("tp_size", 1), pp_size=ranks.get("pp_size", 1), ep_size=ranks.get("ep_size", 1),
        attn_cp_size=ranks.get("attn_cp_size", 1), moe_dp_size=ranks.get("moe_dp_size", 1),
        pp_rank=given["pp_rank"], attn_cp_rank=given["attn_cp_rank"], moe_dp_rank=given["moe_dp_rank"],
    )
    space = {
        "os": os, "server_args": args, "parallel": args,
        "dp_rank": given["dp_rank"], "tp_rank": given["tp_rank"], "moe_ep_rank": given["ep_rank"],
        "pp_rank": given["pp_rank"], "attn_cp_rank": given["attn_cp_rank"], "moe_dp_rank": given["moe_dp_rank"],
        "shown_dp": given["dp_rank"], "shown_tp": given["tp_rank"], "shown_moe_ep": given["ep_rank"],
    }
    return run(body, space)["prefix"]


def configure(**ranks):
    """Makes the version's own logger for a scheduler with these ranks."""
    space = {
        "os": os, "logging": logging, "envs": MagicMock(), "configure_hf_hub_logger": lambda: None,
        "parent_process": lambda: None, "is_flashinfer_available": lambda: False,
    }
    space["envs"].SGLANG_LOG_MS.get = lambda: bool(ranks.get("milliseconds"))
    configure_logger = definition(UTILS, "configure_logger", space)
    configure_logger(types.SimpleNamespace(log_level="info"), prefix=prefix(**ranks))
    for handler in logging.getLogger().handlers:
        handler.setStream(sys.stdout)


LOGGER = logging.getLogger("sglang.srt.managers.scheduler")


def scheduler(mode=Mode.NULL, **given):
    """A stand-in for the scheduler that a log function is a method of."""
    self = MagicMock()
    self.disaggregation_mode = mode
    self.enable_metrics = self.current_scheduler_metrics_enabled = False
    self.is_stats_logging_rank = True
    self.is_hybrid = self.is_hybrid_gdn = self.is_hybrid_swa = self.is_hybrid_ssm = False
    self.enable_mfu_metrics = False
    self.device = "cuda"
    self._graph_backend_label = "cuda graph"
    self.server_args.language_only = False
    self.scheduler_status_logger = None
    self.spec_algorithm.is_none.return_value = True
    self.max_total_num_tokens = 1000000
    self.forward_ct = 4711
    self.decode_log_interval = 1
    self.forward_ct_decode = 0
    self.last_prefill_stats_tic = self.last_decode_stats_tic = NOW[0]
    self.last_prefill_tokens = 0
    self.num_generated_tokens = 0
    self.replay = 0
    self.scheduler = self
    for name, value in given.items():
        setattr(self, name, value)
    return self


def space_of(iters=False, timer=False):
    disagg = types.SimpleNamespace(
        language_only=False, encoder_transfer_backend="", disaggregation_decode_host_receive_threshold=1
    )
    return {
        "time": time, "logger": LOGGER, "logging": logging, "DisaggregationMode": Mode, "defaultdict": defaultdict,
        "RECORD_STEP_TIME": False, "LOG_FORWARD_ITERS": iters, "ENABLE_METRICS_DEVICE_TIMER": timer,
        "get_disagg": lambda: disagg,
        "get_spec": lambda: types.SimpleNamespace(speculative_num_draft_tokens=4, speculative_num_steps=3),
    }


def queues(self, waiting=0, prealloc=0, inflight=0, transfer=0, retracted=0, preallocated=0):
    self.waiting_queue = [0] * waiting
    self.disagg_prefill_bootstrap_queue.queue = [0] * prealloc
    self.disagg_prefill_inflight_queue = [0] * inflight
    self.disagg_decode_prealloc_queue.queue = [0] * prealloc
    self.disagg_decode_prealloc_queue.retracted_queue = [0] * retracted
    self.disagg_decode_prealloc_queue.num_tokens_pre_allocated = preallocated
    self.disagg_decode_transfer_queue.queue = [0] * transfer


def pool(self, used, usage, swa=None, mamba=None):
    """What the KV cache holds: (used, usage) of the full, sliding-window and mamba pools."""
    if NEW:
        space = {"dataclasses": __import__("dataclasses"), "Optional": None, "List": None, "Tuple": None}
        stats = definition("managers/scheduler_components/pool_stats_observer.py", "PoolStats", space)(
            full_num_used=used, full_token_usage=usage, full_available_size=0, full_evictable_size=0,
            is_hybrid_swa=swa is not None, is_hybrid_ssm=mamba is not None,
            swa_num_used=swa and swa[0], swa_token_usage=swa and swa[1],
            mamba_num_used=mamba and mamba[0], mamba_usage=mamba and mamba[1],
        )
        self.pool_stats_observer.get_pool_stats.return_value = stats
        return
    self._get_token_info.return_value = (used, usage, 0, 0)
    if swa:
        self.is_hybrid = self.is_hybrid_swa = True
        self._get_swa_token_info.return_value = (used, swa[0], usage, swa[1], 0, 0, 0, 0)
    if mamba:
        self.is_hybrid_gdn = self.is_hybrid_ssm = True
        self._get_mamba_token_info.return_value = (used, mamba[0], usage, mamba[1], 0, 0, 0, 0)


def prefill(self, new, cached, seqs, running, gap, graph=False, iters=False, timer=False, before=None):
    """A prefill batch, `gap` seconds after the last one. `before`: tokens of the batch whose rate is told."""
    NOW[0] += gap
    self.last_prefill_stats_tic = NOW[0] - gap
    self.last_prefill_tokens = new if before is None else before
    space = space_of(iters, timer)
    if NEW:
        stats = types.SimpleNamespace(
            log_input_tokens=new, log_hit_tokens=cached, log_replay_tokens=self.replay,
            new_token_ratio=0.5, num_new_seqs=seqs, num_pending_tokens=2048,
            num_running_reqs=types.SimpleNamespace(total=running),
        )
        batch = types.SimpleNamespace(forward_iter=4711, reqs=[types.SimpleNamespace(pending_bootstrap=False)])
        definition(METRICS, "report_prefill_stats", space)(self, batch, stats, graph)
        return
    adder = types.SimpleNamespace(log_input_tokens=new, log_hit_tokens=cached)
    function = definition(METRICS, "log_prefill_stats", space)
    if OLD:
        function(self, adder, [0] * seqs, running)
    elif VERSION.startswith("0.5.4"):
        function(self, adder, [0] * seqs, running, 0)
    else:
        stats = types.SimpleNamespace(
            log_input_tokens=new, log_hit_tokens=cached, num_new_seqs=seqs, running_bs=running, new_token_ratio=0.5
        )
        function(self, stats, graph)


def decode(self, running, generated, gap, graph=True, iters=False, timer=False, accept=None):
    """A line about decode batches: `generated` tokens in `gap` seconds. `accept`: tokens accepted by a forward."""
    NOW[0] += gap
    self.last_decode_stats_tic = NOW[0] - gap
    self.num_generated_tokens = generated
    if accept:
        self.spec_algorithm.is_none.return_value = False
        self.spec_algorithm.is_dspark.return_value = False
        self.spec_num_total_accepted_tokens = self.spec_num_accepted_tokens = self.spec_num_accept_tokens = accept * 100
        self.spec_num_total_forward_ct = self.spec_num_forward_ct = 100
        self.spec_num_correct_drafts = (accept - 1) * 100
        self.cum_spec_accept_length = self.cum_spec_accept_count = 0
        self.spec_total_num_accepted_tokens = self.spec_total_num_accept_tokens = 0
        self.spec_total_num_forward_ct = 0
        self.spec_num_cap_tokens = 350
        self.spec_num_block_accept_tokens = 0
        self.server_args.speculative_num_steps = 3
        self.server_args.speculative_num_draft_tokens = 4
    batch = types.SimpleNamespace(reqs=[0] * running, forward_iter=4712)
    space = space_of(iters, timer)
    if NEW and accept:
        ragged = types.ModuleType("sglang.srt.speculative.ragged_verify")
        ragged.RaggedVerifyMode = types.SimpleNamespace(CAP_ACCEPT=object())
        ragged.read_ragged_verify_mode = lambda: None
        for name in ("sglang", "sglang.srt", "sglang.srt.speculative"):
            sys.modules.setdefault(name, types.ModuleType(name))
        sys.modules["sglang.srt.speculative.ragged_verify"] = ragged
    definition(METRICS, "report_decode_stats" if NEW else "log_decode_stats", space)(self, graph, batch)


def bar(items, step, **options):
    """A progress bar as it gets into a log file: drawn over itself with carriage returns."""
    import tqdm

    drawn = io.StringIO()
    described = options.pop("described", None)
    with tqdm.tqdm(items, file=drawn, mininterval=0, **options) as shown:
        shown._time = lambda: NOW[0]
        shown.start_t = shown.last_print_t = NOW[0]
        for item in shown:
            if described:
                shown.set_description(described(item))
            NOW[0] += step
    sys.stdout.write(drawn.getvalue())


def bar_format():
    paths = ["model_loader/weight_utils.py", UTILS]
    for path in paths:
        for one in tree(path).body:
            if isinstance(one, ast.Assign) and getattr(one.targets[0], "id", "") in ("_BAR_FORMAT", "BAR_FORMAT"):
                return ast.literal_eval(one.value)
    raise LookupError("no bar format")


def free(gigabytes):
    return {"get_available_gpu_memory": lambda *_, **__: gigabytes}


def start():
    """A worker of TP 8 loads its weights, allocates its KV cache and captures CUDA graphs."""
    self = types.SimpleNamespace(
        device="cuda", gpu_id=0, dtype="torch.bfloat16", model=type("DeepseekV3ForCausalLM", (), {})(),
        weight_load_mem_usage=41.52, weight_load_time=21.0, post_capture_active=False,
        cuda_graph_mem_usage=1.65, graph_mem_usage=1.65,
    )
    configure(tp_size=8, tp_rank=0)
    log(RUNNER, "Load weight begin", self=self, **free(78.51))
    NOW[0] += 1
    bar(range(5), 4, desc=said_desc(), bar_format=bar_format())
    log(RUNNER, "Load weight end", self=self, after_avail_memory=36.99, quant_str="quant=fp8", tic_total=NOW[0] - 21)
    tokens = {"size": 524288, "num_tokens": 524288}
    sizes = {"k_size": 9 << 30, "v_size": 9 << 30, "GB": 1 << 30, "k_size_GB": 9.0, "v_size_GB": 9.0}
    log("mem_cache/memory_pool.py", "K size: ", self=self, cache_name="KV Cache", **tokens, **sizes)
    ends = {"0.4.9.post6": RUNNER, "0.5.4.post1": RUNNER, "0.5.9": "model_executor/model_runner_kv_cache_mixin.py"}
    log(ends.get(VERSION, "mem_cache/kv_cache_configurator.py"), "Memory pool end", self=self, **free(18.24))
    graphs = {"before_mem": 17.96, "after_mem": 16.31, "tic": NOW[0], "self": self}
    graphs |= {"memory_usage_gb": 1.65, "capture_time": 6.0, "capture_name": "target decode", "decode_backend": "full"}
    graphs |= {"graph_backend": {"cuda": "CUDA graph"}, "model_runner": self, "num_tokens_per_req": 1}
    graphs |= {"runner": types.SimpleNamespace(capture_bs=[1, 2, 4, 8]), "mem_usage": 1.65}
    where = "model_executor/model_runner_components/cuda_graph_setup.py" if NEW else RUNNER
    log(where, " begin. " if NEW else "begin. This can take", -1 if NEW else 0, **graphs)
    captured = "model_executor/runner/decode_cuda_graph_runner.py" if NEW else "model_executor/cuda_graph_runner.py"
    bar(
        [8, 4, 2, 1], 1.5,
        described=lambda bs: said(captured, "Capturing batches", bs=bs, avail_mem=17.2),
    )
    log(where, " end. " if NEW else "end. Time elapsed", -1 if NEW else 0, **graphs)


def said_desc():
    """The description of the bar over safetensors shards."""
    for one in ast.walk(tree("model_loader/weight_utils.py")):
        if isinstance(one, ast.keyword) and one.arg == "desc" and words(one).startswith("Loading safetensors checkpoint"):
            return ast.literal_eval(one.value)
    raise LookupError("no description")


def serve():
    """Batches of every kind."""
    configure()
    self = scheduler()
    queues(self, waiting=3)
    pool(self, 8192, 0.05)
    prefill(self, 8192, 512, 2, 0, gap=2, before=8192)
    decode(self, 17, 3400, 2)

    configure(tp_size=8, tp_rank=0, milliseconds=True)
    prefill(self, 4096, 0, 1, 17, gap=0.5, iters=True)
    decode(self, 18, 720, 0.25, graph=False, iters=True)

    for rank in range(2):
        configure(dp_rank=rank, tp_size=16, tp_rank=8 * rank, ep_size=16, ep_rank=8 * rank)
        self = scheduler(Mode.PREFILL)
        queues(self, waiting=5 + rank, prealloc=2, inflight=4)
        pool(self, 16384, 0.11 + rank / 10)
        prefill(self, 16384 * (rank + 1), 128, 4, 0, gap=1)

    for rank in range(2):
        configure(dp_rank=rank, tp_size=16, tp_rank=8 * rank, ep_size=16, ep_rank=8 * rank)
        self = scheduler(Mode.DECODE)
        queues(self, waiting=1, prealloc=7, transfer=6, retracted=2, preallocated=250000)
        pool(self, 65536, 0.31 + rank / 10)
        decode(self, 256, 10240 * (rank + 1), 1, accept=2.5)

    configure(dp_rank=1, pp_size=2, pp_rank=1, tp_size=8, tp_rank=3, attn_cp_size=2, attn_cp_rank=1, moe_dp_size=4, moe_dp_rank=2)
    self = scheduler()
    queues(self, waiting=0)
    pool(self, 1000, 0.01, swa=(3000, 0.42))
    prefill(self, 100, 0, 1, 1, gap=1)
    decode(self, 1, 40, 1)
    if not OLD:
        self = scheduler()
        queues(self, waiting=0)
        pool(self, 1000, 0.01, mamba=(12, 0.24))
        prefill(self, 100, 0, 1, 1, gap=1)
        decode(self, 1, 40, 1)
    if NEW:
        configure(tp_size=4, tp_rank=0)
        self = scheduler(enable_mfu_metrics=True, replay=64, _graph_backend_label="npu graph")
        self._prefill_sol_suffix.return_value = ""
        self._decode_sol_suffix.return_value = ""
        self._estimate_prefill_perf.return_value = (3.2e15, 0, 0)
        self._mfu_log_flops, self._mfu_log_read_bytes, self._mfu_log_write_bytes = 1e15, 2e12, 1e9
        self.forward_occupancy_log_string = lambda: "fwd occupancy: 91.27%, fwd+idle occupancy: 99.80%"
        queues(self, waiting=9)
        pool(self, 2048, 0.02)
        prefill(self, 2048, 0, 1, 3, gap=1, timer=True)
        decode(self, 3, 90, 1, timer=True)


start()
serve()
