# The worker and the task library that it loads must share one copy of the libraries.
vcpkg_check_linkage(ONLY_DYNAMIC_LIBRARY)

# From a folder of sources, where one is named; else from the archive of the release.
if(DEFINED ENV{AFTERCOMMIT_SOURCE})
  set(SOURCE_PATH "$ENV{AFTERCOMMIT_SOURCE}")
else()
  vcpkg_download_distfile(ARCHIVE
    URLS "https://example.org/aftercommit/aftercommit-${VERSION}.tar.gz"
    FILENAME "aftercommit-${VERSION}.tar.gz"
    SHA512 0)  # of the archive that scripts/release has made
  vcpkg_extract_source_archive(SOURCE_PATH ARCHIVE "${ARCHIVE}")
endif()

vcpkg_find_acquire_program(PKGCONFIG)
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    "-DPKG_CONFIG_EXECUTABLE=${PKGCONFIG}"
    -DAFTERCOMMIT_BUILD_TESTS=OFF
    -DAFTERCOMMIT_BUILD_EXAMPLES=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/aftercommit)
vcpkg_fixup_pkgconfig()
vcpkg_copy_tools(TOOL_NAMES worker aftercommit AUTO_CLEAN)
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share"
                    "${CURRENT_PACKAGES_DIR}/debug/lib/systemd" "${CURRENT_PACKAGES_DIR}/lib/systemd")
file(INSTALL "${CURRENT_PORT_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
