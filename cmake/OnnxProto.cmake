# What is generated from the `onnx` wheel: the target OnnxProto, the C++ classes of
# the file format, from its .proto file; and the source VESCALE_ONNX_FUNCTIONS, the
# bodies of the ops that the standard defines by other ops.
#
# VESCALE_ONNX_PROTO  path of the wheel's onnx.proto; found in the project's venv
#                     otherwise.

find_package(Protobuf 3.21 REQUIRED)

if(NOT VESCALE_ONNX_PROTO)
  file(GLOB candidates
    ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/onnx/onnx.proto)
  if(candidates)
    list(GET candidates 0 first)
    set(VESCALE_ONNX_PROTO ${first} CACHE FILEPATH
      "onnx.proto of the pinned onnx wheel" FORCE)
  endif()
endif()
if(NOT VESCALE_ONNX_PROTO OR NOT EXISTS "${VESCALE_ONNX_PROTO}")
  message(FATAL_ERROR
    "onnx.proto not found. It comes with the `onnx` Python package: run "
    "`./dev build`, which sets up .venv, or pass "
    "-DVESCALE_ONNX_PROTO=<site-packages>/onnx/onnx.proto.")
endif()
file(STRINGS "${VESCALE_ONNX_PROTO}" newest REGEX "^ *IR_VERSION = 0x[0-9A-F]+;")
string(REGEX MATCH "0x[0-9A-F]+" newest "${newest}")
if(NOT newest)
  message(FATAL_ERROR "${VESCALE_ONNX_PROTO} is not the ONNX file format: it "
    "names no IR_VERSION")
endif()
math(EXPR newest "${newest}")
if(newest LESS 14)
  message(FATAL_ERROR "${VESCALE_ONNX_PROTO} describes IR version ${newest}; "
    "14 or newer is needed (onnx 1.23)")
endif()

set(onnx_proto_dir ${CMAKE_BINARY_DIR}/onnx-proto)
file(MAKE_DIRECTORY ${onnx_proto_dir})
configure_file(${VESCALE_ONNX_PROTO} ${onnx_proto_dir}/onnx.proto COPYONLY)
add_custom_command(
  OUTPUT ${onnx_proto_dir}/onnx.pb.cc ${onnx_proto_dir}/onnx.pb.h
  COMMAND protobuf::protoc --proto_path=${onnx_proto_dir}
          --cpp_out=${onnx_proto_dir} ${onnx_proto_dir}/onnx.proto
  DEPENDS ${onnx_proto_dir}/onnx.proto
  COMMENT "Compiling onnx.proto")
add_library(OnnxProto STATIC ${onnx_proto_dir}/onnx.pb.cc)
target_include_directories(OnnxProto SYSTEM PUBLIC ${onnx_proto_dir})
target_link_libraries(OnnxProto PUBLIC protobuf::libprotobuf)

# The wheel is read by the interpreter that it is installed for.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
get_filename_component(onnx_packages "${VESCALE_ONNX_PROTO}/../.." ABSOLUTE)
set(VESCALE_ONNX_FUNCTIONS ${onnx_proto_dir}/StandardFunctionTable.cpp)
add_custom_command(
  OUTPUT ${VESCALE_ONNX_FUNCTIONS}
  COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${onnx_packages}
          ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/onnx_functions.py
          ${VESCALE_ONNX_FUNCTIONS}
  DEPENDS ${onnx_proto_dir}/onnx.proto
          ${CMAKE_SOURCE_DIR}/cmake/onnx_functions.py
  COMMENT "Reading the standard's functions")
