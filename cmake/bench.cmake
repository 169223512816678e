# What `make bench` needs beside the library; a plain build makes none of it.
if(NOT SMX_TENSORS)
    return() # half types and other axes are measured through them
endif()
find_package(OpenMP QUIET COMPONENTS C) # for the copies alone
add_library(bench_copies MODULE EXCLUDE_FROM_ALL bench/copies.c)
target_compile_options(bench_copies PRIVATE -O2)
target_link_libraries(bench_copies PRIVATE $<TARGET_NAME_IF_EXISTS:OpenMP::OpenMP_C>)

add_library(bench_hold MODULE EXCLUDE_FROM_ALL bench/hold.c)

add_executable(harness EXCLUDE_FROM_ALL bench/harness.c bench/jobs.c bench/samples.c)
target_link_libraries(harness PRIVATE smx_static m)

set_target_properties(harness PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)

# The regression guard: bench/callgrind.sh runs it, which compares figures of one build with those of another only if
# both were made alike.
find_path(VALGRIND_INCLUDE_DIR valgrind/callgrind.h)
if(VALGRIND_INCLUDE_DIR)
    add_executable(callgrind EXCLUDE_FROM_ALL bench/callgrind.c bench/job_options.c bench/jobs.c)
    target_include_directories(callgrind SYSTEM PRIVATE ${VALGRIND_INCLUDE_DIR})
    target_link_libraries(callgrind PRIVATE smx_static m)
    set_target_properties(callgrind PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
    string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
    string(STRIP "${SMX_OPTIMIZE}, ${CMAKE_BUILD_TYPE}: ${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}}" options)
    string(APPEND options ", threads ${SMX_THREADS}")
    string(REGEX REPLACE " +" " " options "${options}")
    target_compile_definitions(callgrind PRIVATE "BUILD=\"${options}\"")
endif()
