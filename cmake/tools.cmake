# tools/ulp: the MPFR oracle, a library that the tests use too, and the search for worst cases on top of it.
find_package(PkgConfig REQUIRED)
pkg_check_modules(MPFR REQUIRED IMPORTED_TARGET mpfr)

file(GLOB SMX_ORACLE_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/ulp/oracle*.c)
add_library(smx_oracle STATIC ${SMX_ORACLE_SOURCES})
target_include_directories(smx_oracle PUBLIC ${PROJECT_SOURCE_DIR}/tools/ulp)
target_link_libraries(smx_oracle PUBLIC smx_static PkgConfig::MPFR m)
