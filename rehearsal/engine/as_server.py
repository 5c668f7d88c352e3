"""Called as `as_server.py PROGRAM ARGUMENTS` for an engine's own server: speaks its HTTP, and makes text up."""

import itertools
import json
import os
import sys
import threading
import time

from arguments import Arguments
from follower import follow
from http_service import listen, wait_for_end
from mapping import Unmapped, summary, to_mocker
from ports import dist_init
from trtllm import trtllm_to_mocker
from vllm import vllm_to_mocker

WORDS = "the service answers as an engine would and nothing of this has been near a model".split()
# Seconds of a real engine for a token that it reads, and for one that it writes.
READ, WRITE = 0.0002, 0.02
MOST = 64


def say(text):
    print(f"rehearsal: {text}", file=sys.stderr, flush=True)


def sglang(words):
    return to_mocker("sglang.launch_server", words, "", "1"), Arguments(words).take("model-path", "model")


def vllm(words):
    if words[:1] != ["serve"] or len(words) < 2:
        raise Unmapped(f"vllm {' '.join(words[:1])} has no stand-in: a rehearsal knows `vllm serve MODEL`")
    return vllm_to_mocker("vllm", words[2:], "", "1"), words[1]


def trtllm(words):
    path, *rest = words
    renamed = ["--extra-engine-args" if word == "--extra_llm_api_options" else word for word in rest]
    return trtllm_to_mocker("trtllm-serve", renamed, "", "1"), path


PROGRAMS = {"sglang.launch_server": sglang, "vllm": vllm, "trtllm-serve": trtllm}
# Taken here, or of no consequence.
TAKEN = ("--port", "--host", "--enable-metrics", "--served_model_name")
METRICS = {"sglang.launch_server": "sglang:", "vllm": "vllm:", "trtllm-serve": "trtllm_"}
RUNNING = {"vllm": "num_requests_running", "trtllm-serve": "num_requests_running"}
PAGES = {"trtllm-serve": "/prometheus/metrics"}


def main(words):
    program, *arguments = words
    try:
        mapped, path = PROGRAMS[program](arguments)
    except Unmapped as error:
        say(str(error))
        return 2
    mapped.ignored = [name for name in mapped.ignored if name not in TAKEN]
    say(summary(program, mapped, "a mock server"))
    if mapped.rank > 0:
        return follow(mapped.dist_init, mapped.rank, mapped.nodes, say)
    given = Arguments(arguments)
    name = given.take("served-model-name", "served_model_name") or os.path.basename(path.rstrip("/"))
    address, port = given.take("host") or "127.0.0.1", given.number("port") or 8000
    # Open sockets, which others find taken as they would a real engine's.
    held = []
    try:
        for place in (mapped.dist_init, mapped.also):
            if place is not None:
                held.append(dist_init(place, address))
        if mapped.bootstrap_port is not None:
            held.append(dist_init(f"{address}:{mapped.bootstrap_port}", address))
        listen_at = (address, port)
        engine = MockEngine(name, program)
        listen(*listen_at, engine.get, engine.post)
    except OSError as error:
        say(f"error: {address}:{port}: {error.strerror}")
        return 1
    say(f"serves {name} at http://{address}:{port}")
    return wait_for_end(say)


class MockEngine:
    def __init__(self, name, program):
        self.name = name
        self.prefix = METRICS[program]
        self.page = PAGES.get(program, "/metrics")
        self.running_name = RUNNING.get(program, "num_running_reqs")
        self.speedup = float(os.environ.get("DYN_SLURM_SPEEDUP") or 1)
        self.lock = threading.Lock()
        self.counts = {"running": 0, "prompt": 0, "generation": 0}

    def count(self, what, by):
        with self.lock:
            self.counts[what] += by

    def get(self, path, reply):
        if path in ("/health", "/health_generate", "/liveness"):
            reply.text("")
        elif path == "/v1/models":
            reply.json({"object": "list", "data": [{"id": self.name, "object": "model"}]})
        elif path == self.page:
            reply.text(
                f"{self.prefix}{self.running_name} {self.counts['running']}\n"
                f"{self.prefix}prompt_tokens_total {self.counts['prompt']}\n"
                f"{self.prefix}generation_tokens_total {self.counts['generation']}\n"
            )
        else:
            return False

    def post(self, path, body, _, reply):
        if path not in ("/v1/chat/completions", "/v1/completions", "/v1/embeddings"):
            return False
        try:
            asked = json.loads(body)
        except ValueError as error:
            return reply.json({"error": {"message": str(error), "code": 400}}, 400)
        if path == "/v1/embeddings":
            return self.embed(asked, reply)
        self.count("running", 1)
        try:
            self.complete(asked, path.startswith("/v1/chat"), reply)
        finally:
            self.count("running", -1)

    def embed(self, asked, reply):
        given = asked.get("input") or ""
        texts = given if isinstance(given, list) else [given]
        data = [{"object": "embedding", "index": index, "embedding": [0.5] * 8} for index in range(len(texts))]
        reply.json({"object": "list", "model": self.name, "data": data, "usage": {"prompt_tokens": len(texts)}})

    def complete(self, asked, chat, reply):
        prompt = prompt_tokens(asked, chat)
        limit = asked.get("max_completion_tokens") or asked.get("max_tokens") or MOST
        self.count("prompt", prompt)
        time.sleep(READ * prompt / self.speedup)
        usage = {"prompt_tokens": prompt, "completion_tokens": limit, "total_tokens": prompt + limit}
        base = {"id": f"mock-{time.time_ns()}", "created": int(time.time()), "model": self.name}
        texts = [f"{word} " for word in itertools.islice(itertools.cycle(WORDS), limit)]
        if not asked.get("stream"):
            time.sleep(WRITE * limit / self.speedup)
            self.count("generation", limit)
            reply.json({**base, **whole("".join(texts), chat), "usage": usage})
            return
        reply.start_stream()
        for index, text in enumerate(texts):
            time.sleep(WRITE / self.speedup)
            self.count("generation", 1)
            reply.send(event({**base, **part(text, chat, index == limit - 1)}))
        if (asked.get("stream_options") or {}).get("include_usage"):
            reply.send(event({**base, "choices": [], "usage": usage}))
        reply.send(b"data: [DONE]\n\n")
        reply.end_stream()


def prompt_tokens(asked, chat):
    """Words and token ids count alike."""
    if chat:
        contents = [str(message.get("content") or "") for message in asked.get("messages") or []]
        return max(1, sum(len(content.split()) for content in contents))
    prompt = asked.get("prompt") or ""
    return max(1, len(prompt) if isinstance(prompt, list) else len(prompt.split()))


def event(value):
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def whole(text, chat):
    kind = "chat.completion" if chat else "text_completion"
    answer = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    return {"object": kind, "choices": [{"index": 0, **answer, "finish_reason": "length"}]}


def part(text, chat, last):
    kind = "chat.completion.chunk" if chat else "text_completion"
    piece = {"delta": {"content": text}} if chat else {"text": text}
    return {"object": kind, "choices": [{"index": 0, **piece, "finish_reason": "length" if last else None}]}


sys.exit(main(sys.argv[1:]))
