# Units for both programs, their account and their directory. Relative to the prefix: systemd reads them below /usr and /usr/local. The
# programs are where they are installed, which may be elsewhere than where they were configured to be.
foreach(role producer consumer)
  set(ROLE ${role})
  if(role STREQUAL "producer")
    set(SUMMARY "Publisher of arraywire stream")
    set(OTHER consumer)
    set(READY "the stream can be found")
  else()
    set(SUMMARY "Consumer of arraywire stream")
    set(OTHER producer)
    set(READY "it waits for messages, whether the stream is there already or not")
  endif()
  set(BIN @BIN@)
  configure_file(systemd/arraywire@.service.in arraywire-${role}@.service.in @ONLY)
  file(RELATIVE_PATH binaries ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_BINDIR})
  install(CODE "
    set(BIN \"\${CMAKE_INSTALL_PREFIX}/${binaries}\")
    configure_file(${CMAKE_CURRENT_BINARY_DIR}/arraywire-${role}@.service.in ${CMAKE_CURRENT_BINARY_DIR}/arraywire-${role}@.service @ONLY)"
    COMPONENT programs)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/arraywire-${role}@.service DESTINATION lib/systemd/system COMPONENT programs)
endforeach()
install(FILES systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME arraywire.conf COMPONENT programs)
install(FILES systemd/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME arraywire.conf COMPONENT programs)
