"""Records how Dynamo rewrites SGLang's lines: the messages of a recorded log, through Dynamo's own log handler.

    python3 record_dynamo.py 0.5.9.log > dynamo-1.6.1.log                                  (with colors)
    DYN_SDK_DISABLE_ANSI_LOGGING=1 python3 record_dynamo.py 0.5.9.log > dynamo-1.6.1-plain.log
    DYN_LOGGING_JSONL=1 python3 record_dynamo.py 0.5.9.log > dynamo-1.6.1.jsonl

Needs ai-dynamo-runtime 1.6.1 and pydantic. The configuration is that of `configure_sglang_logging` in
dynamo/runtime/logging.py. Ranks get lost: its format is the bare message.
"""

import logging
import logging.config
import re
import sys

from dynamo.runtime.logging import configure_dynamo_logging

configure_dynamo_logging()
logging.config.dictConfig({
    "formatters": {"simple": {"format": "%(message)s"}},
    "handlers": {"dynamo": {"class": "dynamo.runtime.logging.LogHandler", "formatter": "simple", "level": "INFO"}},
    "loggers": {"sglang": {"handlers": ["dynamo"], "level": "INFO", "propagate": False}},
    "version": 1,
    "disable_existing_loggers": False,
})

logger = logging.getLogger("sglang.srt.managers.scheduler")


def log_stats(message):
    logger.info(message)


for line in open(sys.argv[1], encoding="utf-8", newline="\n"):
    if said := re.match(r"\[\d{4}[^\]]*\] (.*)\n", line):
        log_stats(said[1])
