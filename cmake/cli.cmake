# The tool, on the public API only. It carries the library inside, so that build/smx can be copied anywhere.
find_package(PkgConfig REQUIRED)
pkg_check_modules(NETTLE REQUIRED IMPORTED_TARGET nettle)

file(GLOB SMX_CLI_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cli/*.c)
add_executable(smx_cli ${SMX_CLI_SOURCES})
set_target_properties(smx_cli PROPERTIES OUTPUT_NAME smx)
target_link_libraries(smx_cli PRIVATE smx_static PkgConfig::NETTLE m)
# Where `smx demo` looks for the digits beside ./data.
target_compile_definitions(smx_cli PRIVATE
    SMX_DATA_DIR="${PROJECT_SOURCE_DIR}/data"
    SMX_INSTALL_DATA_DIR="${CMAKE_INSTALL_FULL_DATADIR}/smx/data")
