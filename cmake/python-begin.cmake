# What a build of the Python package settles before all else, as it must work on a machine that has nothing but
# compilers: DLPack's header is ours, and the tool comes along where nettle is there.
set(DLPACK_INCLUDE_DIR ${PROJECT_SOURCE_DIR}/python/vendor)
if(SKBUILD)
    find_package(PkgConfig QUIET)
    if(PKG_CONFIG_FOUND)
        pkg_check_modules(NETTLE QUIET nettle)
    endif()
    if(NOT NETTLE_FOUND)
        message(STATUS "The command-line tool is left out of the package: it needs pkg-config and nettle")
        set(SMX_CLI OFF)
    endif()
endif()
