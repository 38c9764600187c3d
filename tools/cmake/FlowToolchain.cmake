# Makes builds faster where the machine offers it, and defines `flow_build_flags`: language level, target
# architecture, sanitizers and warnings, linked PRIVATE by every target of ours.

foreach(language C CXX)
  if(NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER)
    find_program(FLOW_CCACHE ccache)
    mark_as_advanced(FLOW_CCACHE)
    if(FLOW_CCACHE)
      set(CMAKE_${language}_COMPILER_LAUNCHER "${FLOW_CCACHE}")
    endif()
  endif()
endforeach()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

# What every translation unit of the build needs, generated code included.
add_library(flow_arch_flags INTERFACE)
if(FLOW_ARCH AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(flow_arch_flags INTERFACE -march=${FLOW_ARCH})
endif()
if(FLOW_SANITIZE)
  # CAF's headers bind null references in spawn, so that one check stays off.
  set(flow_sanitize_flags -fsanitize=${FLOW_SANITIZE} -fno-omit-frame-pointer)
  if(FLOW_SANITIZE MATCHES "undefined")
    list(APPEND flow_sanitize_flags -fno-sanitize=null -fno-sanitize-recover=all)
  endif()
  target_compile_options(flow_arch_flags INTERFACE ${flow_sanitize_flags})
  target_link_options(flow_arch_flags INTERFACE ${flow_sanitize_flags})
endif()
if(FLOW_FUZZ)
  target_compile_options(flow_arch_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_program(FLOW_MOLD mold)
mark_as_advanced(FLOW_MOLD)
if(FLOW_MOLD)
  target_link_options(flow_arch_flags INTERFACE -fuse-ld=mold)
endif()

add_library(flow_build_flags INTERFACE)
target_link_libraries(flow_build_flags INTERFACE flow_arch_flags)
target_compile_options(
  flow_build_flags
  INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
            -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
            $<$<BOOL:${FLOW_WERROR}>:-Werror>
            # With optimisation g++ 12 sees null pointers and uninitialised optionals inside the standard library.
            $<IF:$<CONFIG:Debug>,-Wnull-dereference,-Wno-maybe-uninitialized>)

# Test programs test optimised libraries but are not optimised themselves: that would be half of a release build.
add_library(flow_test_flags INTERFACE)
target_compile_options(flow_test_flags INTERFACE $<$<CONFIG:RelWithDebInfo>:-O0>)
