"""An engine that can be profiled, under a real Dynamo runtime; what it records is nothing.

The routes are registered as dynamo/sglang/request_handlers/handler_base.py does; the refusals, and the names of the files,
are those of SGLang's profiler (sglang/srt/managers/scheduler_profiler_mixin.py).

usage: DYN_SYSTEM_HOST=… DYN_SYSTEM_PORT=… profiled-engine.py RANKS; prints a line once its routes are there
"""

import asyncio
import gzip
import json
import os
import sys
import time

from dynamo.common.utils.runtime import create_runtime

profile = {}


async def start_profile(body: dict) -> dict:
    if profile:
        raise RuntimeError("Profiling is already in progress. Call /stop_profile first.")
    profile.update(body, began=time.time())
    return {"status": "ok", "message": "Profiling started"}


async def stop_profile(body: dict) -> dict:
    if not profile:
        raise RuntimeError("Profiling is not in progress. Call /start_profile first.")
    os.makedirs(profile["output_dir"], exist_ok=True)
    events = [{"ph": "X", "name": "step", "ts": 0, "dur": 1e6 * (time.time() - profile["began"])}]
    for rank in range(int(sys.argv[1])):
        path = f"{profile['output_dir']}/{profile['began']}-TP-{rank}.trace.json.gz"
        with gzip.open(path, "wt") as file:
            json.dump({"activities": profile["activities"], "traceEvents": events}, file)
    profile.clear()
    return {"status": "ok", "message": "Profiling stopped"}


async def main() -> None:
    runtime, _ = create_runtime("mem", "tcp")
    runtime.register_engine_route("control/start_profile", start_profile)
    runtime.register_engine_route("control/stop_profile", stop_profile)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
