#!/usr/bin/env python3
"""Writes the bodies of ONNX's function ops, as the onnx package knows them, to a C++ file.

usage: onnx_functions.py OUTPUT.cpp

A function op is one that the standard defines by other ops. One entry stands for one version of an op, from `since` up
to but not including `until`. Left out are bodies that depend on a call's types or attributes, and those written for
operator sets older than what the frontend reads.
"""

import collections
import pathlib
import sys

import onnx
from onnx import defs

MIN_OPSET = 13
ENDLESS = 2**62


def body(schema):
    """The newest body of `schema` with the defaults of its attributes, or None."""
    if not schema.function_opset_versions:
        return None
    opset = max(schema.function_opset_versions)
    if schema.domain == "" and opset < MIN_OPSET:
        return None
    function = onnx.FunctionProto()
    function.ParseFromString(schema.get_function_with_opset_version(opset))
    function.name, function.domain = schema.name, schema.domain
    function.ClearField("doc_string")
    del function.attribute[:], function.attribute_proto[:]
    for name, attribute in sorted(schema.attributes.items()):
        default = attribute.default_value
        if default.type != onnx.AttributeProto.UNDEFINED:
            default.name = name
            function.attribute_proto.append(default)
        else:
            function.attribute.append(name)
    return function.SerializeToString(deterministic=True)


def main():
    versions = collections.defaultdict(list)
    for schema in defs.get_all_schemas_with_history():
        versions[schema.domain, schema.name].append(schema)
    blob, ranges = b"", []
    for (domain, name), schemas in sorted(versions.items()):
        schemas.sort(key=lambda schema: schema.since_version)
        ends = [schema.since_version for schema in schemas[1:]] + [ENDLESS]
        for schema, until in zip(schemas, ends):
            content = None if schema.deprecated else body(schema)
            if content is None:
                continue
            if blob.endswith(content) and ranges[-1][:2] == [domain, name] and ranges[-1][3] == schema.since_version:
                ranges[-1][3] = until  # The new version has other types only.
                continue
            ranges.append([domain, name, schema.since_version, until, len(blob), len(content)])
            blob += content
    entries = ['    {"%s", "%s", %d, %d, %d, %d},' % tuple(entry) for entry in ranges]
    numbers = [",".join(map(str, blob[at:at + 32])) for at in range(0, len(blob), 32)]
    pathlib.Path(sys.argv[1]).write_text("\n".join([
        f"// Generated from onnx {onnx.__version__}.", '#include "lib/Frontend/Onnx/StandardFunctions.h"',
        "namespace vescale::onnx {", "static const unsigned char bytes[] = {", ",\n".join(numbers), "};",
        "static const StandardFunctionEntry entries[] = {", *entries, "};",
        "StandardFunctionTable standardFunctionTable() {", "  return {entries, {reinterpret_cast<const char *>(bytes), sizeof(bytes)}};", "}",
        "} // namespace vescale::onnx", ""]))


if __name__ == "__main__":
    main()
