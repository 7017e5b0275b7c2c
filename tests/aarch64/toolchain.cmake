# toolchain.cmake - cross-compile for aarch64 with what tests/aarch64/run.sh has set up.
#
#   cmake --toolchain tests/aarch64/toolchain.cmake -D MEMWATCH_AARCH64=DIR ...
#
# DIR/tools is the cross compiler, DIR/root a Debian root with the libraries.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_C_COMPILER ${MEMWATCH_AARCH64}/tools/usr/bin/aarch64-linux-gnu-gcc-12)
set(CMAKE_CXX_COMPILER ${MEMWATCH_AARCH64}/tools/usr/bin/aarch64-linux-gnu-g++-12)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MEMWATCH_AARCH64)

set(CMAKE_SYSROOT ${MEMWATCH_AARCH64}/root)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig)
