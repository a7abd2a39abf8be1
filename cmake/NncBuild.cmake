# How nnc's own targets are made: one object library a folder, joined in one shared library, libnnc.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# `#include "nnc/ir/Tensor.h"` means the same in the tree and in an installed copy.
set(NNC_INCLUDE_DIR ${PROJECT_BINARY_DIR}/include)
file(MAKE_DIRECTORY ${NNC_INCLUDE_DIR})
get_filename_component(NNC_SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR} DIRECTORY) # not PROJECT_SOURCE_DIR: runtime/ also builds alone
file(CREATE_LINK ${NNC_SOURCE_DIR} ${NNC_INCLUDE_DIR}/nnc SYMBOLIC)
# Generated headers: `#include "nnc-generated/ir/ops/Reduce.h.inc"`.
set(NNC_GENERATED_DIR ${PROJECT_BINARY_DIR}/generated)

add_library(nnc_options INTERFACE)
target_include_directories(nnc_options INTERFACE ${NNC_INCLUDE_DIR})
target_compile_options(nnc_options INTERFACE -Wall -Wextra -Wno-unused-parameter -fno-math-errno -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(nnc_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  # options are given by name, and those not named keep their defaults: that is the point of them
  target_compile_options(nnc_options INTERFACE -Wno-missing-designated-field-initializers)
endif()
if(NNC_WERROR)
  target_compile_options(nnc_options INTERFACE -Werror)
endif()
if(NNC_SANITIZE)
  string(REPLACE ";" "," sanitizers "${NNC_SANITIZE}")
  target_compile_options(nnc_options INTERFACE -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(nnc_options INTERFACE -fsanitize=${sanitizers})
endif()

# nnc_object_library(name [MLIR] SOURCES ... [PRIVATE libs]): objects that end in libnnc. With MLIR they see MLIR's headers
# through one precompiled header (a unit of MLIR code takes 10 s to compile without it, about 1 s with it).
function(nnc_object_library name)
  cmake_parse_arguments(arg "MLIR" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} OBJECT ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE nnc_options fmt::fmt ${arg_LINK})
  if(arg_MLIR)
    target_include_directories(${name} SYSTEM PRIVATE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
    target_include_directories(${name} SYSTEM PRIVATE ${NNC_GENERATED_DIR})
    # clang compiles templates of the header once; other compilers ignore the flag's absence
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
      target_compile_options(${name} PRIVATE -fpch-instantiate-templates)
    endif()
    if(name STREQUAL nnc_ir)
      target_precompile_headers(${name} PRIVATE <nnc/cmake/mlir_headers.h>) # by name: the same text in every checkout, so that ccache shares it
    else()
      target_precompile_headers(${name} REUSE_FROM nnc_ir)
      add_dependencies(${name} nnc_generated)
    endif()
  endif()
  set_property(GLOBAL APPEND PROPERTY NNC_OBJECTS ${name})
endfunction()

# nnc_tablegen(out input args...): one generated file under nnc-generated/.
function(nnc_tablegen out input)
  set(output ${NNC_GENERATED_DIR}/nnc-generated/${out})
  get_filename_component(folder ${output} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${output}
    COMMAND $<TARGET_FILE:mlir-tblgen> ${ARGN} -I ${MLIR_INCLUDE_DIRS} -I ${NNC_INCLUDE_DIR}
            ${input} -o ${output} --write-if-changed -d ${output}.d
    COMMAND ${CMAKE_COMMAND} -E touch ${output}
    DEPENDS ${input} DEPFILE ${output}.d
    COMMENT "Generating ${out}" VERBATIM)
  set_property(GLOBAL APPEND PROPERTY NNC_GENERATED ${output})
endfunction()

function(nnc_shared_library)
  get_property(objects GLOBAL PROPERTY NNC_OBJECTS)
  add_library(nnc SHARED)
  add_library(nnc::nnc ALIAS nnc)
  foreach(object ${objects})
    target_sources(nnc PRIVATE $<TARGET_OBJECTS:${object}>)
  endforeach()
  target_include_directories(nnc PUBLIC $<BUILD_INTERFACE:${NNC_INCLUDE_DIR}> $<INSTALL_INTERFACE:include>)
  target_compile_features(nnc PUBLIC cxx_std_20)
  # All of the runtime is inside: a program that linked the archive as well would have two thread pools.
  add_dependencies(nnc nnc_runtime)
  set_property(TARGET nnc APPEND PROPERTY LINK_DEPENDS $<TARGET_FILE:nnc_runtime>)
  target_link_libraries(nnc PUBLIC Threads::Threads
    PRIVATE $<BUILD_INTERFACE:nnc_options> -Wl,--whole-archive,$<TARGET_FILE:nnc_runtime>,--no-whole-archive
            MLIR lldELF lldCommon LLVM fmt::fmt ZLIB::ZLIB zstd ${CMAKE_DL_LIBS})
  set_target_properties(nnc PROPERTIES LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
endfunction()
