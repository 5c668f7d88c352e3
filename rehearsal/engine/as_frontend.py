"""
Called as `as_frontend.py dynamo.frontend ARGUMENTS` in a job of another release of Dynamo than a rehearsal has, or with an
engine's own processor of chats: becomes dynamo.frontend, without the arguments that it does not know or cannot follow.
"""

import argparse
import contextlib
import io
import os
import sys
from importlib.metadata import version

from registered import planned_release


def unknown_to(arguments):
    """The words among the arguments that this release's parser leaves over, in their order."""
    from dynamo.frontend.frontend_args import FrontendArgGroup

    parser = argparse.ArgumentParser()
    FrontendArgGroup().add_arguments(parser)
    # What is wrong otherwise, dynamo.frontend says itself.
    with contextlib.suppress(SystemExit), contextlib.redirect_stderr(io.StringIO()):
        return parser.parse_known_args(arguments)[1]
    return []


def without(words, left_out):
    """Words without those that follow in them in this order."""
    kept = []
    rest = list(left_out)
    for word in words:
        if rest and word == rest[0]:
            rest.pop(0)
        else:
            kept.append(word)
    return kept


def engines_processor(words):
    """Words that choose an engine's own processor of chats, which is not here; a frontend of Dynamo has one."""
    for name in ("--dyn-chat-processor", "--chat-processor"):
        if name in words[:-1] and words[words.index(name) + 1] != "dynamo":
            at = words.index(name)
            return words[at : at + 2]
        for word in words:
            if word.startswith(f"{name}=") and word != f"{name}=dynamo":
                return [word]
    return []


def main(words):
    module, *arguments = words
    own = version("ai-dynamo")
    planned = planned_release()
    processor = engines_processor(arguments)
    kept = without(arguments, processor)
    # In a job of this release an unknown argument is a mistake, which the frontend has to report.
    unknown = unknown_to(kept) if processor or planned not in (None, own) else []
    ignored = [word for word in [*processor, *unknown] if word.startswith("--")]
    if ignored:
        plural = "argument" if len(ignored) == 1 else "arguments"
        sys.stderr.write(
            f"rehearsal: {module} stands in as that of Dynamo {own}: {len(ignored)} {plural} ignored: {' '.join(ignored)}\n"
        )
    environment = {name: value for name, value in os.environ.items() if name != "DYN_CHAT_PROCESSOR" or value == "dynamo"}
    os.execve(sys.executable, [sys.executable, "-m", module, *without(kept, unknown)], environment)


sys.exit(main(sys.argv[1:]))
