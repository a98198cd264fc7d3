"""Decoders as `torch.onnx.export(optimize=False)` writes them, of any size, without weights."""
