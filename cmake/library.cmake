# libsmx.so and libsmx.a, from one set of position-independent objects.
#
# The rule that every build of this library follows, a bare `cc` of the same files too: the .c files of all folders but
# that of tensors are the library, and each compiles for every target.
file(GLOB SMX_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*/*.c)
list(FILTER SMX_SOURCES EXCLUDE REGEX "/src/tensor/")

# The tensor layer on top of that needs DLPack's header.
if(SMX_TENSORS)
    find_path(DLPACK_INCLUDE_DIR dlpack/dlpack.h NO_CMAKE_FIND_ROOT_PATH)
    if(NOT DLPACK_INCLUDE_DIR)
        message(FATAL_ERROR "dlpack/dlpack.h is missing: install libdlpack-dev, or switch off -DSMX_TENSORS=OFF")
    endif()
    file(GLOB SMX_TENSOR_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/tensor/*.c)
    # A copy of that one file: its folder may be /usr/include, which a cross compiler must not search.
    configure_file(${DLPACK_INCLUDE_DIR}/dlpack/dlpack.h ${PROJECT_BINARY_DIR}/include/dlpack/dlpack.h COPYONLY)
endif()

add_library(smx_objects OBJECT ${SMX_SOURCES} ${SMX_TENSOR_SOURCES})
set_target_properties(smx_objects PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_include_directories(smx_objects PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
if(SMX_TENSORS)
    target_include_directories(smx_objects SYSTEM PUBLIC ${PROJECT_BINARY_DIR}/include)
endif()
# Kernels run with all exceptions masked and the caller's flags put back: without this promise gcc leaves every loop with
# a comparison scalar. It changes no result.
target_compile_options(smx_objects PRIVATE ${SMX_OPTIMIZE} -fno-trapping-math)

# Files for other instruction sets switch them on by pragma. No compiler has that for RVV's intrinsics yet.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL riscv64)
    set_property(SOURCE ${SMX_SOURCES} PROPERTY COMPILE_OPTIONS "")
    file(GLOB SMX_RVV_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/isa/rvv_*.c)
    include(CheckCCompilerFlag)
    check_c_compiler_flag(-march=rv64gcv SMX_HAS_MARCH_RV64GCV)
    if(SMX_HAS_MARCH_RV64GCV)
        # Vectors in these files come from intrinsics. Those that clang makes of other loops meet a failed assertion of
        # qemu 7.2 (decode_save_opc), under which the tests run.
        set_property(SOURCE ${SMX_RVV_SOURCES} PROPERTY COMPILE_OPTIONS
            -march=rv64gcv -fno-tree-vectorize -fno-tree-slp-vectorize)
    endif()
endif()

set(SMX_PRIVATE_LIBS -lm) # what a static library leaves to its user
target_compile_definitions(smx_objects PRIVATE SMX_THREADS=$<BOOL:${SMX_THREADS}>)
if(SMX_THREADS)
    set(THREADS_PREFER_PTHREAD_FLAG ON)
    find_package(Threads REQUIRED)
    target_link_libraries(smx_objects PRIVATE Threads::Threads)
    list(APPEND SMX_PRIVATE_LIBS -pthread)
endif()

# The targets have the names that find_package(smx) gives them: smx::smx is shared, smx::static is not.
add_library(smx_shared SHARED)
add_library(smx_static STATIC)
# While MAJOR is 0 each MINOR may break the binary interface, as the CMake package's SameMinorVersion says too.
set(SMX_SOVERSION ${PROJECT_VERSION_MAJOR})
if(PROJECT_VERSION_MAJOR EQUAL 0)
    string(APPEND SMX_SOVERSION .${PROJECT_VERSION_MINOR})
endif()
set_target_properties(smx_shared PROPERTIES EXPORT_NAME smx VERSION ${PROJECT_VERSION} SOVERSION ${SMX_SOVERSION})
set_target_properties(smx_static PROPERTIES EXPORT_NAME static)
foreach(lib smx_shared smx_static)
    target_sources(${lib} PRIVATE $<TARGET_OBJECTS:smx_objects>)
    set_target_properties(${lib} PROPERTIES OUTPUT_NAME smx LINKER_LANGUAGE C)
    target_include_directories(${lib} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    if(SMX_TENSORS)
        target_include_directories(${lib} SYSTEM PUBLIC $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>)
    endif()
    target_link_libraries(${lib} PRIVATE ${SMX_PRIVATE_LIBS})
endforeach()
add_library(smx::smx ALIAS smx_shared)
add_library(smx::static ALIAS smx_static)
