# The functions every CMakeLists.txt of a module uses.

# flow_add_library(flow_expr MODULE expr
#                  SOURCES parser.cpp binder.cpp     relative to the calling folder
#                  HEADERS expression.hpp            public ones: relative to HEADER_ROOT/flow/<module>,
#                                                    or to the calling folder if they lie there
#                  DEPS flow::base flow::record      what the public headers need
#                  PRIVATE_DEPS PgQuery::pg_query    what only the sources need
#                  HEADER_ROOT dir)                  default libflow/include; below actors actors/include;
#                                                    below connectors the repository, so that headers are
#                                                    included as "connectors/file/register.hpp"
# makes a static library (an interface library without sources) with alias flow::expr.
function(flow_add_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MODULE;HEADER_ROOT" "SOURCES;HEADERS;DEPS;PRIVATE_DEPS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_MODULE)
    message(FATAL_ERROR "flow_add_library(${target}): expected MODULE, unexpected '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT arg_HEADER_ROOT)
    cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE folder)
    if(folder MATCHES "^connectors/")
      set(arg_HEADER_ROOT "${PROJECT_SOURCE_DIR}")
    elseif(folder MATCHES "^actors")
      set(arg_HEADER_ROOT "${PROJECT_SOURCE_DIR}/actors/include")
    else()
      set(arg_HEADER_ROOT "${PROJECT_SOURCE_DIR}/libflow/include")
    endif()
  endif()

  set(headers)
  set(local_headers)
  foreach(header IN LISTS arg_HEADERS)
    if(EXISTS "${arg_HEADER_ROOT}/flow/${arg_MODULE}/${header}")
      list(APPEND headers "${arg_HEADER_ROOT}/flow/${arg_MODULE}/${header}")
    else()
      cmake_path(ABSOLUTE_PATH header NORMALIZE)
      if(NOT EXISTS "${header}")
        message(FATAL_ERROR "flow_add_library(${target}): no header '${header}'")
      endif()
      list(APPEND local_headers "${header}")
    endif()
  endforeach()

  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:flow_build_flags> ${arg_PRIVATE_DEPS})
    # Private headers of the module: #include "binder.hpp" in its sources and tests.
    target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  string(REPLACE "flow_" "flow::" alias "${target}")
  add_library(${alias} ALIAS ${target})
  string(REPLACE "flow::" "" export_name "${alias}")
  set_target_properties(${target} PROPERTIES EXPORT_NAME "${export_name}")
  target_compile_features(${target} ${scope} cxx_std_20)
  target_link_libraries(${target} ${scope} ${arg_DEPS})
  target_include_directories(${target} ${scope} "$<BUILD_INTERFACE:${arg_HEADER_ROOT}>" "$<INSTALL_INTERFACE:include>")
  # Each header of a set must compile alone: target all_verify_interface_header_sets. One set per base
  # directory, because base directories of one set must not contain each other.
  if(headers)
    target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${arg_HEADER_ROOT}" FILES ${headers})
  endif()
  if(local_headers)
    target_sources(${target} ${scope} FILE_SET local_headers TYPE HEADERS BASE_DIRS "${CMAKE_CURRENT_SOURCE_DIR}"
                                                                          FILES ${local_headers})
  endif()
  set_property(GLOBAL APPEND PROPERTY FLOW_LIBRARIES ${target})
endfunction()

# flow_add_program(flowctl SOURCES main.cpp … DEPS …)
function(flow_add_program target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "flow_add_program(${target}): expected SOURCES, unexpected '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE flow_build_flags ${arg_DEPS})
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
endfunction()

# flow_add_test(NAME expr.binder LAYER unit SOURCES binder_test.cpp … DEPS flow::expr …
#               [TIMEOUT seconds] [SERIAL] [ARGUMENTS …])
# makes the executable flow_expr_binder_test with tests/support and Catch2's main, and the ctest entry
# expr.binder, labelled with the layer. Prefer one call with many sources to many calls.
# Two targets gather executables: flow_expr_tests (a module, the name up to the first dot) and
# flow_unit_layer (a layer). The module's private headers (libflow/src/<module>) are in the include path.
set(FLOW_TEST_LAYERS unit contract actor pipeline recovery external)
foreach(layer IN LISTS FLOW_TEST_LAYERS)
  add_custom_target(flow_${layer}_layer)
endforeach()
function(flow_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "SERIAL" "NAME;LAYER;TIMEOUT" "SOURCES;DEPS;ARGUMENTS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAME OR NOT arg_SOURCES OR NOT arg_LAYER IN_LIST FLOW_TEST_LAYERS)
    message(FATAL_ERROR "flow_add_test(NAME ${arg_NAME}): expected NAME, SOURCES and LAYER of "
                        "'${FLOW_TEST_LAYERS}', unexpected '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT FLOW_BUILD_TESTS)
    return()
  endif()
  string(REPLACE "." "_" flat_name "${arg_NAME}")
  string(REGEX REPLACE "[.].*" "" module "${arg_NAME}")
  set(target "flow_${flat_name}_test")
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE flow_build_flags flow_test_flags flow::test_support ${arg_DEPS})
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/libflow/src/${module}")
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/libflow/src/${module}")
  endif()
  foreach(group "flow_${module}_tests" "flow_${arg_LAYER}_layer")
    if(NOT TARGET ${group})
      add_custom_target(${group})
    endif()
    add_dependencies(${group} ${target})
  endforeach()

  if(NOT arg_TIMEOUT)
    if(arg_LAYER MATCHES "^(recovery|external)$")
      set(arg_TIMEOUT 900)
    else()
      # Guards against a hang only: two cores may be shared with other builds.
      set(arg_TIMEOUT 600)
    endif()
  endif()
  if(FLOW_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 4")
  endif()
  add_test(NAME ${arg_NAME} COMMAND ${target} ${arg_ARGUMENTS} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${arg_NAME} PROPERTIES LABELS ${arg_LAYER} TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_SERIAL})
endfunction()

# flow_add_fuzz_target(NAME batch_open SOURCES batch_open.cpp DEPS flow::record [CORPUS dir] [DICTIONARY file])
# makes flow_fuzz_batch_open with libFuzzer's main in the fuzz preset; elsewhere it does nothing.
# tools/fuzz.sh runs it, starting from the files in CORPUS and mixing in the words of DICTIONARY (relative to the
# calling folder).
add_custom_target(fuzz_targets)
function(flow_add_fuzz_target)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;CORPUS;DICTIONARY" "SOURCES;DEPS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAME OR NOT arg_SOURCES)
    message(FATAL_ERROR "flow_add_fuzz_target(NAME ${arg_NAME}): expected NAME and SOURCES, "
                        "unexpected '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT FLOW_FUZZ)
    return()
  endif()
  set(target "flow_fuzz_${arg_NAME}")
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE flow_build_flags ${arg_DEPS})
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  add_dependencies(fuzz_targets ${target})
  foreach(kind CORPUS DICTIONARY)
    set(path "")
    if(arg_${kind})
      cmake_path(ABSOLUTE_PATH arg_${kind} NORMALIZE OUTPUT_VARIABLE path)
    endif()
    string(TOLOWER "${kind}" extension)
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/fuzz/${target}.${extension}" CONTENT "${path}")
  endforeach()
endfunction()

# flow_add_module_folders(FOLDERS…) adds each folder that has a CMakeLists.txt; without names, every such
# subfolder. A module edits only its own CMakeLists.txt, never its parent's.
function(flow_add_module_folders)
  set(folders ${ARGN})
  if(NOT folders)
    file(GLOB lists RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" CONFIGURE_DEPENDS "*/CMakeLists.txt")
    foreach(list_file IN LISTS lists)
      cmake_path(GET list_file PARENT_PATH folder)
      list(APPEND folders "${folder}")
    endforeach()
  endif()
  foreach(folder IN LISTS folders)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt")
      add_subdirectory("${folder}")
    endif()
  endforeach()
endfunction()
