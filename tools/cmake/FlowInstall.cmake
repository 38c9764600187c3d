# Installs Flow as a CMake package: find_package(flow REQUIRED), then link flow::flow, which is everything
# (libflow, the runtime and the connectors), or single libraries such as flow::record.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(flow_libraries GLOBAL PROPERTY FLOW_LIBRARIES)
add_library(flow_all INTERFACE)
add_library(flow::flow ALIAS flow_all)
set_target_properties(flow_all PROPERTIES EXPORT_NAME flow)
target_link_libraries(flow_all INTERFACE ${flow_libraries})

set(flow_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/flow")
foreach(library IN LISTS flow_libraries ITEMS flow_all)
  get_target_property(header_sets ${library} INTERFACE_HEADER_SETS)
  set(file_sets)
  foreach(header_set IN LISTS header_sets)
    if(header_set STREQUAL "local_headers")
      # Headers beside their sources keep their path in the tree: connectors/file/register.hpp.
      get_target_property(folder ${library} SOURCE_DIR)
      cmake_path(RELATIVE_PATH folder BASE_DIRECTORY "${PROJECT_SOURCE_DIR}")
      list(APPEND file_sets FILE_SET local_headers DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/${folder}")
    elseif(header_set)
      list(APPEND file_sets FILE_SET ${header_set} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
    endif()
  endforeach()
  install(TARGETS ${library} EXPORT flow_targets ${file_sets})
endforeach()
# Headers that belong to no module (flow/flow.hpp) and tables that headers include.
install(
  DIRECTORY libflow/include/flow actors/include/flow
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING
  PATTERN "*.hpp"
  PATTERN "*.def")
if(TARGET flowctl)
  install(TARGETS flowctl)
endif()

install(EXPORT flow_targets NAMESPACE flow:: DESTINATION "${flow_package_dir}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/flow-config.cmake.in" "${PROJECT_BINARY_DIR}/flow-config.cmake"
                              INSTALL_DESTINATION "${flow_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/flow-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/flow-config.cmake" "${PROJECT_BINARY_DIR}/flow-config-version.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/FlowDependencies.cmake" "${CMAKE_CURRENT_LIST_DIR}/FindCAF.cmake"
              "${CMAKE_CURRENT_LIST_DIR}/FindPgQuery.cmake" DESTINATION "${flow_package_dir}")
