"""Exports a PyTorch model as ONNX in one of the recorded styles."""

import tempfile
import warnings

import onnx
import torch

# style: (which exporter, opset, whether it optimises); a style that ends in "-static" has fixed sizes.
STYLES = {
    "dynamo20": ("dynamo", 20, True),
    "dynamo20-noopt": ("dynamo", 20, False),
    "dynamo20-static": ("dynamo", 20, True),
    "dynamo23": ("dynamo", 23, True),
    "tracer17": ("tracer", 17, False),
}


def inputs_of(family, style):
    """The record's inputs of a style; where it is static, the family's sizes stand in the place of the dimensions' names."""
    inputs = family.inputs | (family.positions if style in family.positions_in else {})
    if style.endswith("-static"):
        return {name: spec | {"shape": [family.dims.get(size, size) for size in spec["shape"]]} for name, spec in inputs.items()}
    return inputs


def dynamic_dims(inputs):
    return {name: {axis: size for axis, size in enumerate(spec["shape"]) if isinstance(size, str)}
            for name, spec in inputs.items()}


def export(model, style, inputs, feeds, outputs, output_rank):
    """The exported ModelProto with all its tensors inside; `inputs` are the record's, `feeds` example values."""
    exporter, opset, optimize = STYLES[style]
    feeds = {name: torch.from_numpy(value) for name, value in feeds.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if exporter == "dynamo":
            program = torch.onnx.export(model, (), kwargs=feeds, dynamo=True, opset_version=opset, optimize=optimize,
                                        output_names=outputs, dynamic_shapes=dynamic_dims(inputs), verbose=False)
            return program.model_proto
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            axes = dynamic_dims(inputs)
            for name, rank in zip(outputs, output_rank):
                axes[name] = {0: "batch"} | ({1: "sequence"} if rank == 3 else {})
            take_only(model, list(feeds))
            torch.onnx.export(model, tuple(feeds.values()), file.name, dynamo=False, opset_version=opset, input_names=list(feeds), output_names=outputs,
                              dynamic_axes=axes)
            return onnx.load(file.name)


def take_only(model, names):
    """Gives the model a forward method with these arguments alone, since the tracer passes its arguments by position."""
    forward = model.forward
    model.forward = lambda *values: forward(**dict(zip(names, values)))
