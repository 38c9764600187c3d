# Finds libpg_query (PostgreSQL's parser as a library) and defines PgQuery::pg_query.

find_path(PgQuery_INCLUDE_DIR pg_query.h)
find_library(PgQuery_LIBRARY pg_query)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PgQuery REQUIRED_VARS PgQuery_LIBRARY PgQuery_INCLUDE_DIR)
mark_as_advanced(PgQuery_INCLUDE_DIR PgQuery_LIBRARY)

if(PgQuery_FOUND AND NOT TARGET PgQuery::pg_query)
  find_package(Threads REQUIRED)
  add_library(PgQuery::pg_query UNKNOWN IMPORTED)
  set_target_properties(PgQuery::pg_query PROPERTIES IMPORTED_LOCATION "${PgQuery_LIBRARY}" INTERFACE_LINK_LIBRARIES
                                                                                            "Threads::Threads;m")
  if(NOT PgQuery_INCLUDE_DIR STREQUAL "/usr/include")
    set_target_properties(PgQuery::pg_query PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${PgQuery_INCLUDE_DIR}")
  endif()
endif()
