include(CMakePackageConfigHelpers)

install(TARGETS smx_shared smx_static EXPORT smxTargets)
install(DIRECTORY include/smx DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} PATTERN tensor.h EXCLUDE)
if(SMX_TENSORS)
    install(FILES include/smx/tensor.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/smx)
endif()
if(SMX_CLI)
    install(TARGETS smx_cli)
    install(DIRECTORY data DESTINATION ${CMAKE_INSTALL_DATADIR}/smx)
endif()

set(SMX_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/smx)
install(EXPORT smxTargets NAMESPACE smx:: DESTINATION ${SMX_CMAKE_DIR})
configure_package_config_file(cmake/smxConfig.cmake.in smxConfig.cmake INSTALL_DESTINATION ${SMX_CMAKE_DIR})
write_basic_package_version_file(smxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/smxConfig.cmake ${PROJECT_BINARY_DIR}/smxConfigVersion.cmake
    DESTINATION ${SMX_CMAKE_DIR})

# Relative to the .pc file itself, so that an installed tree can be moved.
file(RELATIVE_PATH SMX_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
list(JOIN SMX_PRIVATE_LIBS " " SMX_PRIVATE_LIBS)
configure_file(smx.pc.in smx.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/smx.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
