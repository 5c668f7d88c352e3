"""What a worker registers in the plan's release of Dynamo, where that is another name than the mocker's."""

import json
import os

OWN = {"prefill": "prefill", "decode": "backend", "agg": "backend"}


def role():
    """The role of the step that runs this, as the plan names it; '' outside a job."""
    return os.environ.get("SLURM_JOB_NAME", "").rpartition("-")[0]


def plan():
    """plan.json; empty where it cannot be read."""
    try:
        with open(os.path.join(os.environ.get("DYN_SLURM_RUN_DIR", ""), "plan.json"), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def planned_release():
    """The plan's release of Dynamo; None where it is not known."""
    return plan().get("dynamo")


def planned_endpoint():
    """As the plan's namespace, component and endpoint; None where nothing is known."""
    endpoints = plan().get("readiness", {}).get("endpoints", [])
    return next(((one["namespace"], one["component"], one["endpoint"]) for one in endpoints if one["role"] == role()), None)


def endpoint_of(mapped):
    """As dyn://NAMESPACE.COMPONENT.ENDPOINT; None where the mocker's own name is right."""
    planned = planned_endpoint()
    own = "encode" if mapped.work == "encode" else OWN[mapped.mode]
    if mapped.work is None and (planned is None or planned[1] == own):
        return None
    namespace = mapped.environment.get("DYN_NAMESPACE") or os.environ.get("DYN_NAMESPACE") or "dynamo"
    return f"dyn://{'.'.join(planned or (namespace, own, 'generate'))}"
