#!/usr/bin/env python3
"""Writes src/config/compat/engine-arguments.json: what arguments each release of an engine and of Dynamo takes.

    python3 scripts/engine-arguments.py FOLDER

FOLDER, outside the repository, keeps what was read of the wheels on PyPI, so that the next run asks only for new ones.
The wheels are read, not installed: calls of `add_argument` and fields with argument metadata are found by Python's own
parser (`ast`), so neither torch nor a GPU is needed. What only a running program knows (a list of choices made by a
loop) is left out. TensorRT-LLM has no wheels there: see arguments/trtllm.py. Then `npx biome check --write src/config/compat/engine-arguments.json`.
"""

import re
import sys
from pathlib import Path

from arguments import declared, trtllm, vllm
from arguments.table import merged, spans, write
from arguments.wheels import Wheel

SGLANG = (
    "0.4.9.post6 0.4.10 0.4.10.post1 0.4.10.post2 0.5.0rc2 0.5.1 0.5.1.post1 0.5.1.post2 0.5.1.post3 0.5.2 0.5.3 "
    "0.5.3.post1 0.5.3.post2 0.5.3.post3 0.5.4 0.5.4.post1 0.5.4.post2 0.5.4.post3 0.5.5 0.5.5.post1 0.5.5.post2 "
    "0.5.5.post3 0.5.6 0.5.6.post1 0.5.6.post2 0.5.7 0.5.8 0.5.8.post1 0.5.9 0.5.10 0.5.10.post1 0.5.11 0.5.12 "
    "0.5.12.post1 0.5.13 0.5.13.post1 0.5.14 0.5.15 0.5.15.post1 0.5.16 0.5.17 0.5.18 0.5.19 0.5.20 0.5.21 0.5.22 0.5.23"
).split()
VLLM = (
    "0.10.0 0.10.1.1 0.10.2 0.11.0 0.11.1 0.11.2 0.12.0 0.13.0 0.14.0 0.14.1 0.15.0 0.15.1 0.16.0 0.17.0 0.17.1 "
    "0.18.0 0.18.1 0.19.0 0.19.1 0.20.0 0.20.1 0.20.2 0.21.0 0.22.0 0.22.1 0.23.0 0.24.0 0.25.0 0.25.1 0.26.0 0.27.0 "
    "0.27.1 0.28.0 0.29.0 0.30.0 0.31.0 0.32.0 0.33.0"
).split()
DYNAMO = (
    "0.4.0 0.4.1 0.5.0 0.5.1 0.6.0 0.6.1 0.7.0 0.7.1 0.8.0 0.8.1 0.9.0 0.9.1 1.0.0 1.0.1 1.0.2 1.1.0 1.1.1 "
    "1.2.0.post1 1.2.1 1.3.0.post1 1.3.1 1.4.0 1.4.1 1.4.2 1.5.0 1.5.1 1.6.0 1.6.1"
).split()
SGLANG_ROUTER = "0.1.5 0.1.6 0.1.7 0.1.8 0.1.9 0.2.0 0.2.1 0.2.2 0.2.3 0.2.4 0.3.0 0.3.1 0.3.2".split()
VLLM_ROUTER = "0.1.9 0.1.10 0.1.11 0.1.12 0.1.13 0.1.14 0.1.15 0.1.16 0.1.17".split()

# Whose releases they are, as in a sentence.
TITLES = {
    "sglang": "SGLang",
    "vllm": "vLLM",
    "trtllm": "TensorRT-LLM",
    "dynamo": "Dynamo",
    "sglang-router": "SGLang's router",
    "vllm-router": "vLLM's router",
}
# Names of the packages of the engines, as requirements of ai-dynamo spell them.
ENGINES = {"sglang": "sglang", "vllm": "vllm", "trtllm": "tensorrt-llm"}

COMMON = r"dynamo\.({}|common\.configuration)(\.|$)"
# Where a program's arguments begin; what these modules import from `follow` is read as well.
PROGRAMS = {
    "sglang": {
        "package": "sglang",
        "entries": ["sglang.srt.server_args"],
        "follow": r"sglang\.srt\.arg_groups\.",
    },
    # Those of the engine, which `vllm serve` and dynamo.vllm take.
    "vllm": {
        "package": "vllm",
        "read": vllm.arguments,
        "entries": ["vllm.engine.arg_utils"],
        "functions": ["EngineArgs", "AsyncEngineArgs"],
    },
    # Those of the HTTP server, which `vllm serve` alone takes.
    "vllm.serve": {
        "package": "vllm",
        "read": vllm.arguments,
        "entries": [f"vllm.entrypoints.{folder}.cli_args" for folder in ("openai", "launchers", "common")],
        "functions": ["make_arg_parser"],
        "fields": "FrontendArgs",
    },
    "dynamo.sglang": {
        "package": "ai-dynamo",
        "entries": ["dynamo.sglang.args", "dynamo.sglang.worker", "dynamo.sglang.main", "dynamo.sglang.utils.sgl_utils"],
        "follow": COMMON.format("sglang"),
    },
    "dynamo.vllm": {
        "package": "ai-dynamo",
        "entries": ["dynamo.vllm.args"],
        "follow": COMMON.format("vllm"),
    },
    "dynamo.trtllm": {
        "package": "ai-dynamo",
        "entries": ["dynamo.trtllm.args", "dynamo.trtllm.utils.trtllm_utils"],
        "follow": COMMON.format("trtllm"),
    },
    "dynamo.frontend": {
        "package": "ai-dynamo",
        "entries": ["dynamo.frontend.main"],
        "follow": COMMON.format("frontend"),
    },
    "dynamo.mocker": {
        "package": "ai-dynamo",
        "entries": ["dynamo.mocker.main", "dynamo.mocker.args"],
        "follow": COMMON.format("mocker"),
    },
    "sglang-router": {
        "package": "sglang-router",
        "entries": ["sglang_router.launch_router", "sglang_router.router_args"],
        "follow": r"$",
    },
    "vllm-router": {
        "package": "vllm-router",
        "entries": ["vllm_router.launch_router", "vllm_router.router_args"],
        "follow": r"$",
    },
}


def pins(wheel):
    """The releases of engines that a wheel of ai-dynamo asks for; only those that it names."""
    found = {}
    for engine, package in ENGINES.items():
        for line in wheel.requirements():
            match = re.match(rf"{package}(?:\[[^\]]*\])?\s*\(?==\s*([^;)\s]+)", line)
            if match:
                found[engine] = match[1]
    return found


def beside(router, engine):
    """By release of an engine, the newest release of a router when it came out: what its image may hold."""
    return {version: ([one for one in router if router[one].date() <= wheel.date()] or list(router))[-1] for version, wheel in engine.items()}


def main(folder):
    # A config names releases of Dynamo by three numbers.
    dynamo = {version.partition(".post")[0]: Wheel("ai-dynamo", version, folder) for version in DYNAMO}
    wheels = {
        "ai-dynamo": dynamo,
        "sglang": {version: Wheel("sglang", version, folder) for version in SGLANG},
        "vllm": {version: Wheel("vllm", version, folder) for version in VLLM},
        "sglang-router": {version: Wheel("sglang-router", version, folder) for version in SGLANG_ROUTER},
        "vllm-router": {version: Wheel("vllm-router", version, folder) for version in VLLM_ROUTER},
    }
    programs = {}
    for name, program in PROGRAMS.items():
        read = program.get("read", declared.arguments)
        by_release = {version: read(wheel, program) for version, wheel in wheels[program["package"]].items()}
        programs[name] = merged(by_release, list(by_release))
        print(name, {version: len(found) for version, found in by_release.items()}, file=sys.stderr)
    exact = {
        name: spans(taken, list(found))
        for name, program in PROGRAMS.items()
        for found in [wheels[program["package"]]]
        for taken in [{version for version, wheel in found.items() if declared.is_exact(wheel, program)}]
        if taken
    }
    fields = trtllm.arguments()
    programs["trtllm"] = merged(fields, list(fields))
    programs["trtllm.disaggregated"] = merged({release: trtllm.orchestrator() for release in fields}, list(fields))
    target = Path(__file__).parent.parent / "src/config/compat/engine-arguments.json"
    releases = {
        "sglang": SGLANG,
        "vllm": VLLM,
        "trtllm": list(fields),
        "dynamo": list(dynamo),
        "sglang-router": SGLANG_ROUTER,
        "vllm-router": VLLM_ROUTER,
    }
    heads = {
        "titles": TITLES,
        "releases": releases,
        "exact": exact,
        "pins": {version: pins(wheel) for version, wheel in dynamo.items()},
        "routers": beside(wheels["sglang-router"], wheels["sglang"]),
    }
    write(target, heads, programs)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
