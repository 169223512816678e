# The Python package's extension, smx._core, and the tool for it, as `pip install .` and -DSMX_PYTHON=ON build them
# (python/README.md).
find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module ${SKBUILD_SABI_COMPONENT} NumPy)

set(made ${PROJECT_BINARY_DIR}/python)
file(MAKE_DIRECTORY ${made})
set(description ${PROJECT_SOURCE_DIR}/python/functions.toml)
add_custom_command(
    OUTPUT ${made}/functions.h ${made}/functions.c ${made}/_core.pyi
    COMMAND Python::Interpreter ${PROJECT_SOURCE_DIR}/python/generate.py ${description} ${made}
    DEPENDS ${description} ${PROJECT_SOURCE_DIR}/python/generate.py)

# Docstrings are longer than what C99 obliges compilers to.
set_source_files_properties(${made}/functions.c PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/python/src/*.c)
if(SKBUILD_SABI_VERSION) # empty for a free-threaded Python, which has no stable ABI
    python_add_library(smx_python MODULE WITH_SOABI USE_SABI ${SKBUILD_SABI_VERSION} ${sources} ${made}/functions.c)
else()
    python_add_library(smx_python MODULE WITH_SOABI ${sources} ${made}/functions.c)
endif()
set_target_properties(smx_python PROPERTIES OUTPUT_NAME _core C_VISIBILITY_PRESET hidden)
target_include_directories(smx_python PRIVATE ${made} ${PROJECT_SOURCE_DIR}/python/src)
target_include_directories(smx_python SYSTEM PRIVATE ${Python_NumPy_INCLUDE_DIRS})
target_link_libraries(smx_python PRIVATE smx_static -Wl,--exclude-libs,ALL)

install(TARGETS smx_python DESTINATION smx COMPONENT python)
install(FILES ${made}/_core.pyi DESTINATION smx COMPONENT python)
if(SMX_CLI)
    install(TARGETS smx_cli RUNTIME DESTINATION smx/bin COMPONENT python)
    install(DIRECTORY data DESTINATION smx COMPONENT python)
endif()
add_custom_target(python DEPENDS smx_python $<$<BOOL:${SMX_CLI}>:smx_cli>)
