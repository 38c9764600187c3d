# Third-party libraries, all from Debian's packages (tools/install_packages.sh). Names to link:
#
#   CapnProto::capnp  spdlog::spdlog  yaml-cpp::yaml-cpp  simdjson::simdjson  PgQuery::pg_query
#   ZLIB::ZLIB  flow_third_party::{zstd,lz4,xxhash,re2,mimalloc}  nlohmann_json::nlohmann_json
#   CLI11::CLI11  CAF::core  CAF::io  Catch2::Catch2  benchmark::benchmark  Threads::Threads
#
# Where Debian 12 and 13 name a target differently, the name above exists in both.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(CAF REQUIRED)
find_package(CapnProto REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp INTERFACE IMPORTED)
  set_target_properties(yaml-cpp::yaml-cpp PROPERTIES INTERFACE_LINK_LIBRARIES yaml-cpp)
endif()
find_package(simdjson REQUIRED)
find_package(PgQuery REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)

# Libraries that offer pkg-config only, or CMake files that differ between releases.
foreach(name_and_module IN ITEMS "zstd:libzstd" "lz4:liblz4" "xxhash:libxxhash" "re2:re2")
  string(REPLACE ":" ";" pair "${name_and_module}")
  list(GET pair 0 name)
  list(GET pair 1 module)
  pkg_check_modules(FLOW_${name} REQUIRED IMPORTED_TARGET ${module})
  if(TARGET flow_third_party::${name})
    continue()
  endif()
  add_library(flow_third_party::${name} INTERFACE IMPORTED)
  set_target_properties(flow_third_party::${name} PROPERTIES INTERFACE_LINK_LIBRARIES PkgConfig::FLOW_${name})
endforeach()
find_package(mimalloc REQUIRED)
if(NOT TARGET flow_third_party::mimalloc)
  add_library(flow_third_party::mimalloc INTERFACE IMPORTED)
  set_target_properties(flow_third_party::mimalloc PROPERTIES INTERFACE_LINK_LIBRARIES mimalloc)
endif()

if(FLOW_BUILD_TESTS)
  find_package(Catch2 REQUIRED)
endif()
find_package(benchmark REQUIRED)
