# The fuzzers, one for each surface: fuzz/fuzz_NAME.c, on libFuzzer, with everything under AddressSanitizer and
# UndefinedBehaviorSanitizer. Before the library, which is compiled with the same flags.
if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "SMX_FUZZ needs clang, for libFuzzer: use -DCMAKE_C_COMPILER=clang, or cmake --preset fuzz")
endif()
include(CheckCSourceCompiles)
set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer,address,undefined)
check_c_source_compiles("int LLVMFuzzerTestOneInput(const char *bytes, long size) { return 0; }" SMX_HAS_LIBFUZZER)
unset(CMAKE_REQUIRED_FLAGS)
if(NOT SMX_HAS_LIBFUZZER)
    string(REGEX MATCH "^[0-9]+" major ${CMAKE_C_COMPILER_VERSION})
    message(FATAL_ERROR "${CMAKE_C_COMPILER} has no libFuzzer here: install its runtime, libclang-rt-${major}-dev")
endif()

set(sanitizers address,undefined)
add_compile_options(-g -fsanitize=fuzzer-no-link,${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
add_link_options(-fsanitize=${sanitizers})

# What the fuzzers share, and the tool without its main file.
add_library(fuzz_common STATIC fuzz/streams.c)
target_include_directories(fuzz_common PUBLIC fuzz cli)
file(GLOB FUZZ_CLI_SOURCES CONFIGURE_DEPENDS cli/*.c)
list(FILTER FUZZ_CLI_SOURCES EXCLUDE REGEX "/main\\.c$")
add_library(fuzz_cli STATIC ${FUZZ_CLI_SOURCES})
target_link_libraries(fuzz_cli PUBLIC fuzz_common smx_static PkgConfig::NETTLE m)

enable_testing()
# A fuzzer, of one file or more, as a program and as a test.
function(smx_fuzzer name libraries)
    add_executable(fuzz_${name} ${ARGN})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,${sanitizers})
    target_link_libraries(fuzz_${name} PRIVATE ${libraries})
    add_test(NAME fuzz_${name} COMMAND ${PROJECT_SOURCE_DIR}/scripts/fuzz.sh ${PROJECT_BINARY_DIR} ${name})
endfunction()
smx_fuzzer(npy fuzz_cli fuzz/fuzz_npy.c)
smx_fuzzer(args fuzz_cli fuzz/fuzz_args.c fuzz/scratch.c)

# What the tests have for such calls, as far as it needs neither MPFR nor DLPack.
find_package(cmocka REQUIRED)
find_package(Threads REQUIRED)
file(GLOB FUZZ_TEST_SOURCES CONFIGURE_DEPENDS tests/common/*.c)
list(FILTER FUZZ_TEST_SOURCES INCLUDE REGEX
    "/(block|check|cross_entropy|cuts|dtype[^/]*|family[^/]*|fill|isas|masks|pools|problem|rng|sizes|thresholds)\\.c$")
add_library(fuzz_tests STATIC ${FUZZ_TEST_SOURCES})
set_target_properties(fuzz_tests PROPERTIES C_EXTENSIONS ON)
target_include_directories(fuzz_tests PUBLIC tests)
target_link_libraries(fuzz_tests PUBLIC fuzz_common smx_static ${CMOCKA_LIBRARIES} Threads::Threads m)
file(GLOB FUZZ_API_SOURCES CONFIGURE_DEPENDS fuzz/api_*.c)
smx_fuzzer(api fuzz_tests fuzz/fuzz_api.c ${FUZZ_API_SOURCES})
set_target_properties(fuzz_api PROPERTIES C_EXTENSIONS ON)
