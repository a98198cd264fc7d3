"""Takes the parameters out of an exported graph and the recording machine out of its metadata."""

import itertools
import re

import numpy as np
import onnx
from onnx import numpy_helper

ALIGNMENT = 64
# Bytes of metadata above which a graph keeps only the modules with the bare names of their classes, the innermost source
# line outside PyTorch, and the node of torch.export where that names a parameter.
LARGE = 64 << 10
CLASS_PATH = re.compile(r"(?<=: )(?!aten\.|prims\.)(?:\w+\.)+(?=[A-Z]\w*(?:/|$))")
PACKAGES = re.compile(r'(?<=File ")[^"]*/(?:site-packages|test/(?:Models|Training))/')


def strip_metadata(model):
    """Makes the paths in node metadata relative to the packages they lie in, and shortens it where a graph is large."""
    for node in all_nodes(model):
        for entry in node.metadata_props:
            entry.value = PACKAGES.sub("", entry.value)
            if 'File "/' in entry.value:
                raise SystemExit(f"an absolute path is left in the metadata of {node.name}: {entry.value}")
        keep(node, lambda entry: entry.key != "pkg.torch.onnx.class_hierarchy")
    if metadata_size(model) > LARGE:
        for node in all_nodes(model):
            keep(node, lambda entry: node.op_type != "Constant" and entry.key != "pkg.torch.onnx.name_scopes"
                 and (entry.key != "pkg.torch.onnx.fx_node" or "%p_" in entry.value))
            for entry in node.metadata_props:
                if entry.key == "pkg.torch.onnx.stack_trace":
                    entry.value = own_line(entry.value)
                elif entry.key == "namespace":
                    entry.value = CLASS_PATH.sub("", entry.value)
        for value in model.graph.value_info:
            del value.metadata_props[:]


def own_line(trace):
    """The innermost frame of a stack trace that isn't PyTorch's own."""
    frames = re.split(r'^ *(?=File ")', trace, flags=re.MULTILINE)[1:]
    return next((frame for frame in reversed(frames) if not frame.startswith('File "torch/')), frames[-1]).rstrip()


def keep(node, wanted):
    kept = [(entry.key, entry.value) for entry in node.metadata_props if wanted(entry)]
    del node.metadata_props[:]
    for key, value in kept:
        node.metadata_props.add(key=key, value=value)


def metadata_size(model):
    return sum(entry.ByteSize() for node in all_nodes(model) for entry in node.metadata_props)


def all_nodes(model):
    def walk(nodes):
        for node in nodes:
            yield node
            for attribute in node.attribute:
                for graph in [attribute.g, *attribute.graphs]:
                    yield from walk(graph.node)

    yield from walk(model.graph.node)
    for function in model.functions:
        yield from walk(function.node)


def derive(value, name, parameters):
    """How `value` follows from a parameter: itself, plus 1, transposed, or some of its rows; None if it does not."""
    for candidate, array in sorted(parameters.items(), key=lambda item: item[0] != name):
        if array.shape == value.shape and np.array_equal(array, value):
            return {"parameter": candidate}
    for candidate, array in parameters.items():
        if array.shape == value.shape and np.array_equal(array + np.float32(1), value):
            return {"parameter": candidate, "plus": 1}
    for candidate, array in parameters.items():
        if sorted(array.shape) == sorted(value.shape) and value.ndim > 1:
            for order in itertools.permutations(range(value.ndim)):
                if array.transpose(order).shape == value.shape and np.array_equal(array.transpose(order), value):
                    return {"parameter": candidate, "transpose": list(order)}
    rows = value.reshape(-1, value.shape[-1]) if value.ndim > 1 else value[:0]
    for candidate, array in parameters.items():
        if rows.size and array.ndim == 2 and array.shape[1] == rows.shape[1] and len(array) >= len(rows):
            for start in np.flatnonzero((array == rows[0]).all(1)):
                if np.array_equal(array[start:start + len(rows)], rows):
                    return {"parameter": candidate, "rows": [int(start), int(start) + len(rows)], "shape": list(value.shape)}
    return None


def externalize(model, location, parameters, offsets=None):
    """Moves every initializer that follows from a parameter out of the graph; returns how each is made again.

    Without `offsets` the tensors get places in a data file of their own; with them they point into the safetensors
    file that holds the parameters, so each must be a parameter as it is.
    """
    recipes, end = {}, 0
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor)
        recipe = derive(value, tensor.name, parameters) if value.dtype == np.float32 and value.size > 1 else None
        if recipe is None:
            continue
        if offsets is None:
            offset = (end + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        elif set(recipe) == {"parameter"}:
            offset = offsets[recipe["parameter"]]
        else:
            raise SystemExit(f"{tensor.name} is not stored as it is in {location}: {recipe}")
        end = offset + value.nbytes
        recipes[tensor.name] = recipe | {"offset": offset}
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, entry in (("location", location), ("offset", offset), ("length", value.nbytes)):
            tensor.external_data.add(key=key, value=str(entry))
    return recipes
