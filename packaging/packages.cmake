# Debian packages of the components: cmake --preset package, cmake --build --preset package, cpack --preset package.
# The prefix has to be /usr: only then does CMake know the folders of the machine's architecture.
get_target_property(soversion arraywire SOVERSION)
set(CPACK_PACKAGE_NAME arraywire)
set(CPACK_PACKAGE_VENDOR arraywire)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL library development)
if(ARRAYWIRE_BUILD_APPS)
  list(APPEND CPACK_COMPONENTS_ALL programs)
endif()
if(ARRAYWIRE_BUILD_PYTHON)
  list(APPEND CPACK_COMPONENTS_ALL python)
endif()
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(ARRAYWIRE_PACKAGE_MAINTAINER "arraywire developers <arraywire@packages.invalid>" CACHE STRING "Maintainer of the Debian packages")
set(ARRAYWIRE_PACKAGE_RELEASE 1 CACHE STRING "Debian revision of the packages")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${ARRAYWIRE_PACKAGE_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_RELEASE ${ARRAYWIRE_PACKAGE_RELEASE})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(version_here "${PROJECT_VERSION}-${ARRAYWIRE_PACKAGE_RELEASE}")

# arraywire_debian_package(COMPONENT NAME SECTION TEXT [DEPENDENCY...]): what is its own of a package, and the two documents that
# each must have.
function(arraywire_debian_package component name section text)
  string(TOUPPER ${component} COMPONENT)
  string(REPLACE ";" ", " depends "${ARGN}")
  set(CPACK_DEBIAN_${COMPONENT}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${COMPONENT}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${COMPONENT}_PACKAGE_DEPENDS ${depends} PARENT_SCOPE)
  set(CPACK_COMPONENT_${COMPONENT}_DESCRIPTION "${text}" PARENT_SCOPE)
  if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    install(FILES debian/copyright ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name}
      COMPONENT ${component})
  endif()
endfunction()

if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
  configure_file(debian/changelog.in changelog.Debian @ONLY)
  execute_process(COMMAND gzip -9nkf changelog.Debian WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR} COMMAND_ERROR_IS_FATAL ANY)
endif()

set(library_package libarraywire${soversion})
arraywire_debian_package(library ${library_package} libs
"Frames of cameras and detectors, images and tensors go from one process to
any number of others: through shared memory on one machine, through ZeroMQ
sockets between machines. This is the shared library.")
arraywire_debian_package(development libarraywire-dev libdevel
"Headers, and what CMake and pkg-config need to build programs with the
library. The adapters to xtensor, OpenCV and DLPack need those headers, too."
  "${library_package} (= ${version_here})")
arraywire_debian_package(programs arraywire-tools utils
"arraywire-producer publishes test pictures, files and raw frames;
arraywire-consumer reads, checks and stores what it gets. With units for
systemd."
  "${library_package} (= ${version_here})")
if(ARRAYWIRE_BUILD_PYTHON)
  math(EXPR next_python "${Python_VERSION_MINOR} + 1")
  arraywire_debian_package(python python3-arraywire python
"Publisher, Subscriber, Loan and Sample for Python 3, over NumPy arrays that
are not copied."
    "${library_package} (= ${version_here})" python3-numpy
    "python3 (>= ${Python_VERSION_MAJOR}.${Python_VERSION_MINOR})" "python3 (<< ${Python_VERSION_MAJOR}.${next_python})")
endif()
# Beside the call of ldconfig that CPack puts into the maintainer scripts.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/debian/library/triggers)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "libxtensor-dev, libopencv-core-dev, libdlpack-dev")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SUGGESTS "systemd")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/debian/programs/postinst
  ${CMAKE_CURRENT_SOURCE_DIR}/debian/programs/prerm ${CMAKE_CURRENT_SOURCE_DIR}/debian/programs/postrm)
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/debian/python/postinst
  ${CMAKE_CURRENT_SOURCE_DIR}/debian/python/prerm)
include(CPack)
