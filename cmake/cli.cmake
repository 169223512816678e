# The tool, on the public API only. It carries the library inside, so that build/smx can be copied anywhere.
find_package(PkgConfig REQUIRED)
pkg_check_modules(NETTLE REQUIRED IMPORTED_TARGET nettle)

file(GLOB SMX_CLI_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cli/*.c)
list(FILTER SMX_CLI_SOURCES EXCLUDE REGEX "/main\\.c$") # tests and fuzzers have another
add_library(smx_cli_objects OBJECT ${SMX_CLI_SOURCES})
target_link_libraries(smx_cli_objects PUBLIC smx_static PkgConfig::NETTLE m)
add_executable(smx_cli ${PROJECT_SOURCE_DIR}/cli/main.c)
set_target_properties(smx_cli PROPERTIES OUTPUT_NAME smx LINKER_LANGUAGE C)
target_link_libraries(smx_cli PRIVATE smx_cli_objects)
if(SMX_TENSORS) # they convert between dtypes; without, the tool reads and writes one
    target_compile_definitions(smx_cli_objects PRIVATE SMX_TENSORS)
endif()
# Where `smx demo` looks for the digits beside ./data.
target_compile_definitions(smx_cli_objects PRIVATE
    SMX_DATA_DIR="${PROJECT_SOURCE_DIR}/data"
    SMX_INSTALL_DATA_DIR="${CMAKE_INSTALL_FULL_DATADIR}/smx/data")
install(FILES ${PROJECT_SOURCE_DIR}/docs/smx.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
