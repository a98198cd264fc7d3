"""How lit runs the .mlir and shell tests: tools, substitutions, suffixes."""
import os

import lit.formats

config.name = "vescale"
config.test_format = lit.formats.ShTest(False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.vescale_build, "test")

tools = [
    os.path.join(config.vescale_build, "bin"),
    os.path.join(config.llvm_tools, ""),
    os.path.join(config.vescale_source, ".venv", "bin"),
]
config.environment["PATH"] = os.pathsep.join(tools + [config.environment["PATH"]])
for name in ("HOME", "OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.substitutions.append(("%source", config.vescale_source))
config.substitutions.append(("%build", config.vescale_build))
config.substitutions.append(("%python", os.path.join(config.vescale_source, ".venv", "bin", "python")))
config.substitutions.append(("%llvm_tools", config.llvm_tools))
