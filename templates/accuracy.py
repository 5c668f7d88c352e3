"""Asks a service questions whose answers are known, and counts the right ones.

accuracy.py --url URL --model NAME --data FILE|URL --out FOLDER [--samples N] [--shots N] [--repeat N] [--concurrency N]
    [--body JSON]

The data is JSON lines, a JSON list or CSV. A question with choices is answered by a letter, any other by a number or, if
the expected answer is no number, by a text. FOLDER gets result.json, with the sums, and answers.jsonl, with every answer.
A question that is not answered, or whose answer cannot be read, is wrong. Needs nothing but Python 3.8.
"""
import argparse
import csv
import json
import os
import random
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation

LETTERS = "ABCDEFGHIJ"
NUMBER = r"-?\$?\d[\d,]*(?:\.\d+)?"
# Seconds for one answer; long chains of thought take their time on a full service.
TIMEOUT = 3600
# Seconds between two lines that say how far it is.
EVERY = 10


def fail(reason):
    sys.exit(f"accuracy: {reason}")


def fetch(source, folder):
    """Path of the data, which is downloaded where it has a URL."""
    if not source.startswith(("http://", "https://")):
        return source
    path = os.path.join(folder, os.path.basename(urllib.parse.urlparse(source).path) or "data")
    print(f"downloading {source}", flush=True)
    try:
        with urllib.request.urlopen(source, timeout=60) as answer, open(path, "wb") as file:
            while block := answer.read(1 << 20):
                file.write(block)
    except OSError as error:
        fail(f"cannot download {source}: {error}; set bench.accuracy.dataset to a file that the node can read")
    return path


def rows_of(path):
    """Rows with their line numbers, or positions in a list, from 1."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            if path.endswith(".csv"):
                reader = csv.DictReader(file)
                return [(reader.line_num, row) for row in reader]
            text = file.read()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        fail(f"cannot read {path}: {error}")
    if text.lstrip().startswith("["):
        try:
            return list(enumerate(json.loads(text), 1))
        except ValueError as error:
            fail(f"{path} is not JSON: {error}")
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append((number, json.loads(line)))
            except ValueError as error:
                fail(f"{path}:{number}: is not JSON: {error}")
    return rows


def question_of(row, chance):
    """The question in a row, in the layouts of gsm8k, gpqa, mmlu, aime and LongBench v2; ValueError where there is none."""
    if not isinstance(row, dict):
        raise ValueError("is not an object")
    given = {re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_"): value for name, value in row.items()}

    def first(*names):
        found = [given[name] for name in names if given.get(name) not in (None, "")]
        return found[0] if found else None

    text = first("question", "problem")
    if text is None:
        raise ValueError("has no question")
    if given.get("context"):
        text = f"{given['context']}\n\n{text}"
    right = first("correct_answer")
    wrong = [given[name] for name in sorted(given) if re.fullmatch(r"incorrect_answer_\d+", name) and given[name]]
    if right is not None and wrong:
        # The published order would give the answers away.
        choices = [right, *wrong]
        chance.shuffle(choices)
        return {"text": text, "choices": choices, "expected": LETTERS[choices.index(right)], "shown": None}
    answer = first("answer", "expected_answer", "final_answer")
    if answer is None:
        raise ValueError("has no answer")
    choices = given.get("choices") if isinstance(given.get("choices"), list) else None
    if choices is None:
        for names in (LETTERS.lower(), [f"choice_{letter}" for letter in LETTERS.lower()]):
            several = [given[name] for name in names if given.get(name) not in (None, "")]
            choices = choices or (several if len(several) > 1 else None)
    if choices:
        if isinstance(answer, int) and 0 <= answer < len(choices):
            answer = LETTERS[answer]
        answer = str(answer).strip().upper()
        if len(choices) > len(LETTERS) or answer not in LETTERS[: len(choices)] or len(answer) != 1:
            raise ValueError(f"has an answer that is none of its {len(choices)} choices: {answer}")
        return {"text": text, "choices": choices, "expected": answer, "shown": None}
    # gsm8k: the way to the answer, then #### and the answer.
    way, mark, final = str(answer).rpartition("####")
    return {"text": text, "choices": None, "expected": final.strip(), "shown": f"{way}Answer: {final.strip()}" if mark else None}


def as_number(text):
    try:
        number = Decimal(re.sub(r"[,$\s]", "", text))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def prompt_of(question):
    if question["choices"]:
        lines = [f"{letter}) {choice}" for letter, choice in zip(LETTERS, question["choices"])]
        return f"{question['text']}\n\n" + "\n".join(lines) + "\n\nEnd your answer with a line of the form `Answer: LETTER`."
    form = "NUMBER" if as_number(question["expected"]) is not None else "RESULT"
    return f"{question['text']}\n\nEnd your answer with a line of the form `Answer: {form}`."


def read_answer(question, text):
    """What a text gives as the answer; None where it gives none."""
    # Thoughts of a model whose frontend does not take them out; where they have no end, there is no answer yet.
    if "</think>" in text:
        text = text.rpartition("</think>")[2]
    elif "<think>" in text:
        return None
    if question["choices"]:
        letters = f"[{LETTERS[: len(question['choices'])]}]"
        found = re.findall(rf"(?i:answer)[^A-Za-z0-9\n]*(?:(?i:is)[^A-Za-z0-9\n]*)?({letters})\b", text)
        found = found or re.findall(rf"\\boxed\{{(?:\\text\{{)?\W*({letters})\W*\}}", text)
        found = found or re.findall(rf"\A\W*({letters})\W*\Z", text)
        return found[-1] if found else None
    if as_number(question["expected"]) is None:
        found = re.findall(r"(?i)answer\s*(?:is)?\s*[:*]+\s*(.+)", text) or re.findall(r"\\boxed\{(.+)\}", text)
        return found[-1].strip(" *`.\r") if found else None
    for form in (rf"####\s*({NUMBER})", rf"\\boxed\{{\s*({NUMBER})\s*\}}", rf"(?i)answer[^0-9\n-]*({NUMBER})", rf"({NUMBER})"):
        found = re.findall(form, text)
        if found:
            return found[-1].rstrip(",")
    return None


def is_right(question, answer):
    if answer is None:
        return False
    if question["choices"]:
        return answer == question["expected"]
    expected = as_number(question["expected"])
    if expected is not None:
        return as_number(answer) == expected
    return answer.casefold() == question["expected"].casefold()


def ask(given, shots, question):
    """Text of the answer, and how many tokens it has; OSError or ValueError where the request fails."""
    turns = [turn for shot in shots for turn in (("user", prompt_of(shot)), ("assistant", shot["shown"] or f"Answer: {shot['expected']}"))]
    messages = [{"role": role, "content": content} for role, content in [*turns, ("user", prompt_of(question))]]
    body = json.dumps({"model": given.model, "messages": messages, **json.loads(given.body)}).encode()
    request = urllib.request.Request(f"{given.url}/v1/chat/completions", body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            said = json.load(answer)
    except urllib.error.HTTPError as error:
        raise ValueError(f"HTTP {error.code}: {error.read(300).decode('utf-8', 'replace')}") from error
    try:
        content = said["choices"][0]["message"].get("content")
        return content if isinstance(content, str) else "", (said.get("usage") or {}).get("completion_tokens") or 0
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"an answer without a message: {json.dumps(said)[:300]}") from error


def main():
    options = argparse.ArgumentParser()
    for name in ("url", "model", "data", "out"):
        options.add_argument(f"--{name}", required=True)
    for name, usual in (("samples", 0), ("shots", 0), ("repeat", 1), ("concurrency", 1)):
        options.add_argument(f"--{name}", type=int, default=usual)
    options.add_argument("--body", default="{}")
    given = options.parse_args()
    path = fetch(given.data, given.out)
    chance = random.Random(0)
    questions = []
    for number, row in rows_of(path):
        try:
            questions.append({**question_of(row, chance), "line": number})
        except ValueError as error:
            fail(f"{path}:{number}: {error}")
    shots, rest = questions[: given.shots], questions[given.shots :]
    if not rest:
        fail(f"{path} has {len(questions)} questions, of which {given.shots} are examples: none is left to ask")
    # Files are often sorted by subject.
    asked = random.Random(0).sample(rest, given.samples) if 0 < given.samples < len(rest) else rest
    sums = {"answers": 0, "correct": 0, "unanswered": 0, "failed": 0, "outputTokens": 0}
    started = spoken = time.monotonic()
    lock = threading.Lock()

    def answer_to(question):
        nonlocal spoken
        text, tokens, failure = "", 0, None
        try:
            text, tokens = ask(given, shots, question)
        except (OSError, ValueError) as error:
            failure = str(error)
        answer = None if failure else read_answer(question, text)
        right = is_right(question, answer)
        with lock:
            sums["answers"] += 1
            sums["correct"] += right
            sums["unanswered"] += answer is None and failure is None
            sums["failed"] += failure is not None
            sums["outputTokens"] += tokens
            if failure:
                sums.setdefault("error", failure)
            line = {"line": question["line"], "expected": question["expected"], "answer": answer, "right": right}
            answers.write(json.dumps({**line, **({"error": failure} if failure else {"text": text})}) + "\n")
            if time.monotonic() - spoken > EVERY:
                spoken = time.monotonic()
                print(f"{sums['answers']} of {len(asked) * given.repeat} answers, {sums['correct']} right", flush=True)

    with open(os.path.join(given.out, "answers.jsonl"), "w", encoding="utf-8") as answers:
        with ThreadPoolExecutor(given.concurrency) as pool:
            for done in [pool.submit(answer_to, question) for _ in range(given.repeat) for question in asked]:
                done.result()
    result = {"schema": "dyn-slurm/accuracy/1", "questions": len(asked), **sums, "seconds": time.monotonic() - started}
    part = os.path.join(given.out, "result.json.part")
    with open(part, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)
    os.replace(part, os.path.join(given.out, "result.json"))
    print(f"{sums['correct']} of {sums['answers']} answers are right, {sums['unanswered']} missing, {sums['failed']} requests failed")


main()
