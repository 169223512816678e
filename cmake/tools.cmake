# What judges the library. Golden vectors: reading and running them needs nothing but C.
file(GLOB GOLDEN_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/golden*.c)
list(FILTER GOLDEN_SOURCES EXCLUDE REGEX "/golden_check\\.c$") # a program
add_library(golden STATIC ${GOLDEN_SOURCES})
target_include_directories(golden PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(golden PUBLIC smx_static m)
if(CMAKE_CROSSCOMPILING)
    return() # MPFR is there for the host only
endif()

# The reference of accuracy, on MPFR, which the tests use too. It judges golden cases.
find_package(PkgConfig REQUIRED)
pkg_check_modules(MPFR REQUIRED IMPORTED_TARGET mpfr)
file(GLOB ORACLE_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/reference/oracle*.c)
# Bounds stand in the comments of the kernels that have them.
file(GLOB KERNEL_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/kernels/*_template.h)
set(KERNEL_BOUNDS ${PROJECT_BINARY_DIR}/bounds/kernel_bounds.h)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/bounds)
add_custom_command(OUTPUT ${KERNEL_BOUNDS}
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/bounds.py --header > ${KERNEL_BOUNDS}
    DEPENDS ${PROJECT_SOURCE_DIR}/scripts/bounds.py ${KERNEL_SOURCES})
add_library(smx_oracle STATIC ${ORACLE_SOURCES} ${KERNEL_BOUNDS})
target_include_directories(smx_oracle PUBLIC ${PROJECT_SOURCE_DIR}/tests/reference ${PROJECT_BINARY_DIR}/bounds)
target_link_libraries(smx_oracle PUBLIC golden smx_static PkgConfig::MPFR m)

# Two programs on it: the search for worst cases, and the maker of the golden vectors.
file(GLOB ULP_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/ulp/*.c)
set(MAKE_VECTORS_SOURCES ${ULP_SOURCES})
list(FILTER ULP_SOURCES EXCLUDE REGEX "/(make_vectors|vectors_[^/]*)\\.c$")
list(FILTER MAKE_VECTORS_SOURCES INCLUDE REGEX "/(make_vectors|vectors_[^/]*|case)\\.c$")
add_executable(ulp ${ULP_SOURCES})
add_executable(make_vectors ${MAKE_VECTORS_SOURCES})
target_link_libraries(ulp PRIVATE golden smx_oracle)
target_link_libraries(make_vectors PRIVATE golden smx_oracle)
