# Builds OnnxProto, the C++ classes of the ONNX file format, from the .proto file
# that the `onnx` wheel carries. Defines the target OnnxProto.
#
# VESCALE_ONNX_PROTO  path of onnx.proto; found in the project's venv otherwise.

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
