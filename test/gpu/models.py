"""models.py FOLDER TOKENIZER KIND...: makes models of real architectures with random weights, FOLDER/KIND for each kind.

TOKENIZER is a folder with tokenizer.json. Kinds: dense (the shape of Qwen3-0.6B with a small vocabulary), moe (16 experts), and
tiny and tiny-moe, which fit into a few megabytes, for an engine on the CPU. A model that is there is left as it is.
"""

import json
import os
import shutil
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM

SHARED = dict(
    vocab_size=2048, max_position_embeddings=32768, rope_theta=1e6, rms_norm_eps=1e-6,
    bos_token_id=0, eos_token_id=0, tie_word_embeddings=True,
)
EXPERTS = dict(num_experts_per_tok=4, norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[])
KINDS = {
    'dense': ('qwen3', dict(
        hidden_size=1024, intermediate_size=3072, num_attention_heads=16, num_key_value_heads=8, head_dim=128,
        num_hidden_layers=28)),
    'moe': ('qwen3_moe', dict(
        hidden_size=512, intermediate_size=1024, moe_intermediate_size=256, num_experts=16, num_attention_heads=8,
        num_key_value_heads=4, head_dim=64, num_hidden_layers=6, **EXPERTS)),
    'tiny': ('qwen3', dict(
        hidden_size=256, intermediate_size=512, num_attention_heads=4, num_key_value_heads=2, head_dim=64,
        num_hidden_layers=2)),
    'tiny-moe': ('qwen3_moe', dict(
        hidden_size=256, intermediate_size=512, moe_intermediate_size=128, num_experts=8, num_attention_heads=4,
        num_key_value_heads=2, head_dim=64, num_hidden_layers=2, **EXPERTS)),
}


def make(kind, folder, tokenizer):
    architecture, sizes = KINDS[kind]
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(
        AutoConfig.for_model(architecture, **sizes, **SHARED), dtype=torch.bfloat16)
    partial = folder + '.partial'
    os.makedirs(partial, exist_ok=True)
    model.save_pretrained(partial, max_shard_size='400MB')
    for name in ('tokenizer.json', 'tokenizer_config.json', 'generation_config.json'):
        if os.path.exists(os.path.join(tokenizer, name)):
            shutil.copy(os.path.join(tokenizer, name), partial)
    path = os.path.join(partial, 'config.json')
    with open(path) as file:
        config = json.load(file)
    # Older readers know it by this name only.
    config.setdefault('torch_dtype', 'bfloat16')
    with open(path, 'w') as file:
        json.dump(config, file, indent=1)
    os.rename(partial, folder)
    print(kind, round(sum(weights.numel() for weights in model.parameters()) / 1e6), 'million parameters')


if __name__ == '__main__':
    target, tokenizer = sys.argv[1:3]
    for kind in sys.argv[3:]:
        folder = os.path.join(target, kind)
        if not os.path.exists(folder):
            make(kind, folder, tokenizer)
