# flow_generate_capnp(TARGET SCHEMA_DIR) compiles every *.capnp file of a folder into a static library of its
# own, without our warnings. The headers are included as <flow/wire/NAME.capnp.h>; the schemas put
# everything into namespace flow::wire.
function(flow_generate_capnp target schema_dir)
  file(GLOB schemas CONFIGURE_DEPENDS "${schema_dir}/*.capnp")
  if(NOT schemas)
    add_library(${target} INTERFACE)
    add_library(flow::wire ALIAS ${target})
    set_property(GLOBAL APPEND PROPERTY FLOW_LIBRARIES ${target})
    return()
  endif()
  # Debian's CMake package gives wrong paths for its tools.
  find_program(CAPNP_TOOL capnp REQUIRED)
  find_program(CAPNPC_CXX capnpc-c++ REQUIRED)
  set(include_root "${PROJECT_BINARY_DIR}/generated")
  set(output_dir "${include_root}/flow/wire")
  file(MAKE_DIRECTORY "${output_dir}")
  set(sources)
  foreach(schema IN LISTS schemas)
    get_filename_component(name "${schema}" NAME)
    add_custom_command(
      OUTPUT "${output_dir}/${name}.c++" "${output_dir}/${name}.h"
      COMMAND "${CAPNP_TOOL}" compile "-o${CAPNPC_CXX}:${output_dir}"
              "--src-prefix=${schema_dir}" "-I${schema_dir}" -I/usr/include "${schema}"
      DEPENDS ${schemas}
      COMMENT "Generating flow/wire/${name}.h"
      VERBATIM)
    list(APPEND sources "${output_dir}/${name}.c++")
  endforeach()
  add_library(${target} STATIC ${sources})
  add_library(flow::wire ALIAS ${target})
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${include_root}>")
  target_link_libraries(${target} PUBLIC CapnProto::capnp PRIVATE $<BUILD_INTERFACE:flow_arch_flags>)
  target_compile_options(${target} PRIVATE -w)
  set_property(GLOBAL APPEND PROPERTY FLOW_LIBRARIES ${target})
endfunction()
