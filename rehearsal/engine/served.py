"""
Called as `served.py WORK ARGUMENTS`, with arguments of dynamo.mocker: workers that do not complete text, on Dynamo's own
runtime. They register and answer as those of ai-dynamo 1.6.1, with figures that follow from the input and mean nothing.
"""

import argparse
import asyncio
import base64
import hashlib
import os
import signal
import struct
import sys
import time

from dynamo.common.utils.runtime import create_runtime
from dynamo.llm import ModelInput, ModelType, WorkerType, register_model

MODEL = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../model"))

DIMENSIONS = 1024
LABELS = ("LABEL_0", "LABEL_1")


def numbers(given, count):
    """So many numbers from -1 to 1, the same for the same input."""
    data = hashlib.shake_128(repr(given).encode()).digest(2 * count)
    return [value / 32768 for value in struct.unpack(f"<{count}h", data)]


def inputs(given):
    """One input or several, as text or as token ids."""
    return given if isinstance(given, list) and not (given and isinstance(given[0], int)) else [given]


def usage(given):
    tokens = sum(len(one) if isinstance(one, list) else max(len(str(one)) // 3, 1) for one in given)
    return {"prompt_tokens": tokens, "total_tokens": tokens}


async def embeddings(request):
    size = request.get("dimensions") or DIMENSIONS
    if size < 1 or size > DIMENSIONS:
        raise ValueError(f"dimensions must be from 1 to {DIMENSIONS}, got {size}")
    given = inputs(request.get("input"))
    # Workers always send base64; the frontend decodes it where the client asks for numbers.
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(struct.pack(f"<{size}f", *numbers(one, size))).decode(),
        }
        for index, one in enumerate(given)
    ]
    yield {"object": "list", "data": data, "model": request.get("model"), "usage": usage(given)}


async def rerank(request):
    query, documents = request.get("query"), request.get("documents") or []
    ranked = [
        {
            "score": numbers((query, document), 1)[0],
            "index": index,
            **({"document": document} if request.get("return_documents") else {}),
        }
        for index, document in enumerate(documents)
    ]
    ranked.sort(key=lambda item: item["score"], reverse=True)
    yield ranked[: request.get("top_n") or len(ranked)]


async def classify(request, context):
    """Of /v1/classify, and of /v1/pooling, whose requests always have an encoding."""
    given = inputs(request.get("input"))
    pooling = "encoding_format" in request
    yield {
        "id": f"{'pool' if pooling else 'classify'}-{context.id()}",
        "object": "list",
        "created": int(time.time()),
        "model": request.get("model") or "",
        "data": [(pooled if pooling else classified)(index, one) for index, one in enumerate(given)],
        "usage": {**usage(given), "completion_tokens": 0},
    }


def classified(index, given):
    first = (numbers(given, 1)[0] + 1) / 2
    probs = [first, 1 - first]
    return {"index": index, "label": LABELS[probs.index(max(probs))], "probs": probs, "num_classes": len(probs)}


def pooled(index, given):
    return {"index": index, "object": "pooling", "data": numbers(given, DIMENSIONS)}


async def encode(_):
    """Nobody calls it: mock engines complete text without what it would make of images."""
    yield {}


AGGREGATED = (WorkerType.Aggregated, [])
ENCODE = (WorkerType.Encode, [[WorkerType.Prefill, WorkerType.Decode], [WorkerType.Aggregated]])

# What answers, what the frontend offers for it, and what must be there beside it.
WORKS = {
    "embeddings": (embeddings, ModelInput.Text, ModelType.Embedding, *AGGREGATED),
    "rerank": (rerank, ModelInput.Text, ModelType.Rerank, *AGGREGATED),
    "classify": (classify, ModelInput.Text, ModelType.Classify | ModelType.Pooling, *AGGREGATED),
    "encode": (encode, ModelInput.Tokens, ModelType.Empty, *ENCODE),
}


async def serve(given):
    handler, model_input, model_type, worker_type, needs = WORKS[given.work]
    runtime, loop = create_runtime(
        given.discovery_backend, given.request_plane, given.event_plane, response_plane=given.response_plane
    )
    endpoint = runtime.endpoint(given.endpoint.removeprefix("dyn://"))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, runtime.shutdown)
    await asyncio.gather(
        endpoint.serve_endpoint(handler, graceful_shutdown=True),
        register_model(model_input, model_type, endpoint, MODEL, given.model_name, worker_type=worker_type, needs=needs),
    )


def main(words):
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--model-name")
    parser.add_argument("--endpoint")
    parser.add_argument("--discovery-backend", default="etcd")
    parser.add_argument("--request-plane", default="tcp")
    parser.add_argument("--event-plane", default=None)
    parser.add_argument("--response-plane", default="tcp")
    # Sizes of caches and batches are the mocker's alone.
    given, _ = parser.parse_known_args(words)
    asyncio.run(serve(given))


if __name__ == "__main__":
    main(sys.argv[1:])
