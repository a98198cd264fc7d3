# One helper each for what the tree is made of: compiler libraries, generated
# code, tools. Everything that derives from an MLIR class is built without RTTI
# and without exceptions, like the MLIR it links (the shared libMLIR/libLLVM).

separate_arguments(VESCALE_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")
set(VESCALE_MLIR_INCLUDES ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include
    ${CMAKE_BINARY_DIR} ${CMAKE_BINARY_DIR}/include)

function(vescale_mlir_settings target)
  target_include_directories(${target} PUBLIC ${VESCALE_MLIR_INCLUDES})
  target_include_directories(${target} SYSTEM PUBLIC
    ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_definitions(${target} PUBLIC ${VESCALE_LLVM_DEFINITIONS})
  target_compile_options(${target} PRIVATE -fno-rtti -fno-exceptions -Wall
    -Wextra -Wno-unused-parameter)
endfunction()

# The headers that every compiler library parses, parsed once.
add_library(VescalePCH OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
vescale_mlir_settings(VescalePCH)
target_precompile_headers(VescalePCH PRIVATE
  <mlir/IR/Builders.h> <mlir/IR/BuiltinOps.h> <mlir/IR/BuiltinTypes.h>
  <mlir/IR/OpImplementation.h> <mlir/IR/Matchers.h> <mlir/IR/PatternMatch.h>
  <mlir/Interfaces/SideEffectInterfaces.h>
  <mlir/Interfaces/InferTypeOpInterface.h>
  <mlir/Interfaces/FunctionInterfaces.h> <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Pass/Pass.h> <mlir/Support/LLVM.h>)

# vescale_library(NAME SOURCES... [DEPENDS targets...] [LINK libraries...])
# A static library of the compiler. DEPENDS are TableGen targets.
function(vescale_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  vescale_mlir_settings(${name})
  target_precompile_headers(${name} REUSE_FROM VescalePCH)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# vescale_tool(NAME SOURCES... [LINK libraries...]): an executable in bin/.
function(vescale_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  vescale_mlir_settings(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
endfunction()

# vescale_tablegen(TARGET FILE.td (OUTPUT FLAGS)...): e.g.
#   vescale_tablegen(DistIncGen Dist.td "Dist.h.inc" "-gen-dialect-decls" …)
function(vescale_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(pairs ${ARGN})
  while(pairs)
    list(POP_FRONT pairs output flags)
    separate_arguments(flags)
    mlir_tablegen(${output} ${flags} -I${CMAKE_SOURCE_DIR}
      -I${MLIR_INCLUDE_DIRS})
  endwhile()
  add_public_tablegen_target(${target})
endfunction()

# vescale_lit_suite(DIR): the lit tests below test/DIR as one ctest entry.
function(vescale_lit_suite dir)
  add_test(NAME lit-${dir}
    COMMAND ${CMAKE_SOURCE_DIR}/.venv/bin/lit -sv
      ${CMAKE_BINARY_DIR}/test/${dir})
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/test/${dir})
endfunction()

# vescale_unit_test(NAME SOURCES... [LINK libraries...]): a gtest executable
# for compiler code as one ctest entry.
function(vescale_unit_test name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  vescale_mlir_settings(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM GTest::gtest
    GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# vescale_embed(OUTPUT NAME=FILE[,FILE...]...): a source in which the static
# array NAMEText has the files' bytes, for `#include`; paths are this folder's.
function(vescale_embed output)
  set(parts "")
  set(inputs "")
  foreach(part IN LISTS ARGN)
    string(REGEX MATCH "^([a-z]+)=(.+)$" matched "${part}")
    set(name "${CMAKE_MATCH_1}")
    string(REPLACE "," ";" files "${CMAKE_MATCH_2}")
    list(TRANSFORM files PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    list(APPEND inputs ${files})
    list(JOIN files "," files)
    list(APPEND parts "${name}=${files}")
  endforeach()
  set(script ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake)
  add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${CMAKE_CURRENT_BINARY_DIR}/${output}
      -P ${script} -- ${parts}
    DEPENDS ${inputs} ${script}
    COMMENT "Embedding ${output}")
endfunction()
