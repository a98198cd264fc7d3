"""Trains a model in PyTorch as a train.json says."""

import contextlib
import fnmatch
import math

import numpy as np
import torch
import transformers.models.llama.modeling_llama as modeling_llama

import sampling
from pytorch import dropout
from schedule import learning_rate


class Batches:
    """The batches of a run by step, from a token file's content or from arrays."""

    def __init__(self, config, batch, source, sequence, order=1):
        """With an `order` of -1 a batch's rows are the other way round."""
        self.config, self.batch, self.source, self.sequence, self.order = config, batch, source, sequence, order

    def __call__(self, step):
        samples = np.arange(step * self.batch, (step + 1) * self.batch)[::self.order]
        fields = {}
        for name, field in self.config["data"].items():
            if field["from"] == "tokens":
                tokens = self.source["tokens"]
                offsets = sampling.token_offsets(samples, len(tokens), self.sequence, self.config["seed"])
                place = offsets[:, None] + np.arange(self.sequence) + field.get("shift", 0)
                value = tokens[place].astype(np.int64)
            else:
                stored = self.source[field["from"]]
                value = stored[sampling.array_indices(samples, len(stored), self.config["seed"], self.config["order"])]
            fields[name] = torch.from_numpy(value)
        return fields


def summed_loss(config, output, fields):
    """The sum of what the loss averages."""
    if config["kind"] == "mse":
        target = fields[config["target"]].to(output.dtype)
        return torch.nn.functional.mse_loss(output, target, reduction="sum")
    return torch.nn.functional.cross_entropy(output.flatten(0, -2), fields[config["labels"]].flatten(), reduction="sum",
                                             ignore_index=config["ignore_index"], label_smoothing=config["label_smoothing"])


def loss_count(config, fields):
    """How many terms the loss of a whole batch averages: labels that count, or elements."""
    if config["kind"] == "mse":
        return fields[config["target"]].numel()
    return max(int((fields[config["labels"]] != config["ignore_index"]).sum()), 1)


def optimizer(model, config):
    own = config["optimizer"]

    def decays(name, parameter):
        if own["no_decay"] == "1d":
            return parameter.ndim >= 2
        return not any(fnmatch.fnmatchcase(name, pattern) for pattern in own["no_decay"])

    trained = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    groups = [{"params": [value for name, value in trained if decays(name, value)], "weight_decay": own["weight_decay"]},
              {"params": [value for name, value in trained if not decays(name, value)], "weight_decay": 0.0}]
    if own["kind"] == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=own["momentum"], foreach=False)
    return torch.optim.AdamW(groups, lr=0.0, betas=own["betas"], eps=own["epsilon"], foreach=False)


def freeze(model, patterns):
    for pattern in patterns:
        found = [value for name, value in model.named_parameters() if fnmatch.fnmatchcase(name, pattern)]
        if not found:
            raise SystemExit(f"no parameter is called '{pattern}'")
        for value in found:
            value.requires_grad_(False)


def exact_norm(self, hidden):
    """LLaMA's norm without the way through fp32, for runs in fp64."""
    return self.weight * hidden * torch.rsqrt(hidden.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)


def uses_batches(config):
    """Whether batch normalization goes by each batch's statistics."""
    return config.get("batch_norm") == "batch"


def train(model, config, batches, steps, dtype=torch.float32, threads=2, drops=False):
    """Trains the model in place, with dropout by vescale's masks if it `drops`; returns loss, norm of the gradient before it is clipped, and learning rate by step."""
    torch.set_num_threads(threads)
    with contextlib.ExitStack() as stack:
        if dtype == torch.float64:
            usual = modeling_llama.LlamaRMSNorm.forward
            modeling_llama.LlamaRMSNorm.forward = exact_norm
            stack.callback(setattr, modeling_llama.LlamaRMSNorm, "forward", usual)
        # As the export sees it, or the train file wants it.
        model.to(dtype).train(drops or uses_batches(config))
        masks = dropout.Masks(config["seed"])
        stack.enter_context(dropout.drawn(masks))
        freeze(model, config["frozen"])
        update = optimizer(model, config)
        history = {"loss": [], "grad_norm": [], "learning_rate": []}
        for step in range(steps):
            rows = iter(np.arange(batches.batch)[::batches.order].reshape(config["micro_batches"], -1))
            loss, norm = train_step(model, config, batches(step), update, learning_rate(config["learning_rate"], step), dtype,
                                    lambda: masks.begin(step, next(rows)))
            for key, value in (("loss", loss), ("grad_norm", norm), ("learning_rate", update.param_groups[0]["lr"])):
                history[key].append(value)
    return history


def train_step(model, config, fields, update, rate, dtype, begin):
    for group in update.param_groups:
        group["lr"] = rate
    update.zero_grad()
    count, parts = loss_count(config["loss"], fields), config["micro_batches"]
    target = {config["loss"].get("labels"), config["loss"].get("target")}
    total = 0.0
    for part in zip(*(value.chunk(parts) for value in fields.values())):
        part = dict(zip(fields, part))
        inputs = {name: value.to(dtype) if value.is_floating_point() else value
                  for name, value in part.items() if name not in target}
        begin()
        with torch.autocast("cpu", torch.bfloat16, enabled=config.get("compute") == "bf16"):
            output = model(**inputs).logits
        loss = summed_loss(config["loss"], output if dtype == torch.float64 else output.float(), part) / count
        loss.backward()
        total += loss.item()
    trained = [value for value in model.parameters() if value.requires_grad]
    norm = torch.nn.utils.clip_grad_norm_(trained, config["clip_norm"] or math.inf, foreach=False).item()
    update.step()
    return total, norm
