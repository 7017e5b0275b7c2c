# toolchain.cmake - cross-compile for aarch64 with what setup.sh unpacked.
#
#   cmake --toolchain tests/aarch64/toolchain.cmake -D MEMWATCH_AARCH64=DIR ...
#
# DIR/tools is the cross compiler, DIR/root a Debian root of libraries. Programs name that root's
# own dynamic loader and libraries, so that they run where they stand (binfmt_misc, qemu-user)
# without a chroot or a variable that a test could drop.
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

set(libraries ${CMAKE_SYSROOT}/lib/aarch64-linux-gnu:${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu)
# DT_RPATH, which a program's libraries inherit, not DT_RUNPATH.
set(run_in_place "-Wl,--disable-new-dtags,-rpath,${libraries}")
set(CMAKE_SHARED_LINKER_FLAGS_INIT ${run_in_place})
set(CMAKE_EXE_LINKER_FLAGS_INIT
  "${run_in_place} -Wl,--dynamic-linker,${CMAKE_SYSROOT}/lib/ld-linux-aarch64.so.1")
