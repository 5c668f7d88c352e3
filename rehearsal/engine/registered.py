"""What a worker registers in the plan's release of Dynamo, where that is another name than the mocker's."""

import json
import os

OWN = {"prefill": "prefill", "decode": "backend", "agg": "backend"}


def other_endpoint(mode):
    """As dyn://NAMESPACE.COMPONENT.ENDPOINT; None where the mocker's own name is right, or nothing is known."""
    run, step = os.environ.get("DYN_SLURM_RUN_DIR"), os.environ.get("SLURM_JOB_NAME", "")
    try:
        with open(os.path.join(run or "", "plan.json"), encoding="utf-8") as file:
            endpoints = json.load(file)["readiness"]["endpoints"]
    except (OSError, ValueError, KeyError):
        return None
    role = step.rpartition("-")[0]
    for one in endpoints:
        if one["role"] == role and one["component"] != OWN[mode]:
            return f"dyn://{one['namespace']}.{one['component']}.{one['endpoint']}"
    return None
