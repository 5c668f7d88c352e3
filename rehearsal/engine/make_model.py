"""Called as `make_model.py SOURCE TARGET`: a model of random weights, small enough for a CPU, with the tokenizer and the configuration of SOURCE."""

import json
import os
import shutil
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM

# Room for a request is reserved by it.
CONTEXT = 32768


def main(source, target):
    torch.manual_seed(0)
    with open(os.path.join(source, "config.json")) as file:
        settings = {**json.load(file), "max_position_embeddings": CONTEXT, "tie_word_embeddings": True}
    config = AutoConfig.for_model(**settings)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    os.makedirs(target, exist_ok=True)
    model.save_pretrained(target)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copy(os.path.join(source, name), target)


main(*sys.argv[1:])
