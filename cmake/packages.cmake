# What is installed where, and the Debian packages (deploy/packages makes them): neighbors-broker, neighbors-edge,
# neighbors-tools.
include(GNUInstallDirs)
set(units lib/systemd/system)
set(shared ${CMAKE_INSTALL_DATADIR}/neighbors)

# Manual pages: two are printed by the programs from their own tables.
function(manual_page component source name)
  set(page ${CMAKE_BINARY_DIR}/man/${name})
  add_custom_command(OUTPUT ${page}.gz
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/man
    COMMAND ${source} > ${page}
    COMMAND gzip -9nf ${page}
    DEPENDS ${ARGN} VERBATIM)
  set_property(GLOBAL APPEND PROPERTY manual_pages ${page}.gz)
  string(REGEX REPLACE "^.*\\." "" section ${name})
  install(FILES ${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT ${component})
endfunction()
set(pages ${CMAKE_SOURCE_DIR}/deploy/man)
manual_page(broker "neighborsd;--print-manual" neighborsd.conf.5 neighborsd)
manual_page(broker "cat;${pages}/neighborsd.8" neighborsd.8 ${pages}/neighborsd.8)
manual_page(broker "cat;${pages}/neighbors-bridge.1" neighbors-bridge.1 ${pages}/neighbors-bridge.1)
manual_page(edge "cat;${pages}/neighbors-edge.1" neighbors-edge.1 ${pages}/neighbors-edge.1)
manual_page(tools "neighbors;manual" neighbors.1 neighbors)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/completion/neighbors
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/completion
  COMMAND neighbors completion bash > ${CMAKE_BINARY_DIR}/completion/neighbors
  DEPENDS neighbors VERBATIM)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/man/changelog.gz
  COMMAND gzip -9nc ${CMAKE_SOURCE_DIR}/CHANGELOG.md > ${CMAKE_BINARY_DIR}/man/changelog.gz
  DEPENDS ${CMAKE_SOURCE_DIR}/CHANGELOG.md VERBATIM)
get_property(manual_pages GLOBAL PROPERTY manual_pages)
add_custom_target(manuals ALL DEPENDS ${manual_pages} ${CMAKE_BINARY_DIR}/man/changelog.gz
  ${CMAKE_BINARY_DIR}/completion/neighbors)

install(TARGETS neighborsd neighbors-bridge RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT broker)
install(TARGETS neighbors-edge RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT edge)
install(TARGETS neighbors RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
install(FILES ${CMAKE_BINARY_DIR}/completion/neighbors
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT tools)

install(FILES deploy/systemd/neighborsd.service deploy/systemd/neighbors-redis.service
  deploy/systemd/neighbors-bridge.service DESTINATION ${units} COMPONENT broker)
install(FILES deploy/systemd/neighbors-edge.service DESTINATION ${units} COMPONENT edge)
install(FILES deploy/systemd/neighbors-poll.service deploy/systemd/neighbors-watchdog.service DESTINATION ${units} COMPONENT tools)
install(FILES deploy/systemd/neighbors.sysusers.conf DESTINATION lib/sysusers.d RENAME neighbors-broker.conf
  COMPONENT broker)
install(FILES deploy/systemd/neighbors.sysusers.conf DESTINATION lib/sysusers.d RENAME neighbors-edge.conf
  COMPONENT edge)
install(FILES deploy/systemd/neighbors.sysusers.conf DESTINATION lib/sysusers.d RENAME neighbors-tools.conf
  COMPONENT tools)

install(FILES deploy/redis.conf DESTINATION /etc/neighbors COMPONENT broker)
install(FILES deploy/debian/neighborsd.conf deploy/neighbors-bridge.conf deploy/nftables.conf deploy/haproxy.cfg
  deploy/redis-cluster.conf deploy/redis-tunnel.conf DESTINATION ${shared} COMPONENT broker)
install(DIRECTORY ${CMAKE_BINARY_DIR}/portal/ DESTINATION ${CMAKE_INSTALL_DATADIR}/neighbors-portal COMPONENT broker
  OPTIONAL)
install(FILES deploy/neighbors-edge.conf DESTINATION ${shared} COMPONENT edge)
install(DIRECTORY deploy/home-assistant DESTINATION ${shared} COMPONENT edge)
install(FILES deploy/neighbors-poll.conf DESTINATION ${shared} COMPONENT tools)
install(DIRECTORY deploy/monitoring DESTINATION ${shared} COMPONENT tools)
foreach(component broker edge tools)
  install(FILES deploy/debian/copyright ${CMAKE_BINARY_DIR}/man/changelog.gz
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/neighbors-${component} COMPONENT ${component})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL broker edge tools)
set(CPACK_PACKAGE_NAME neighbors)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The developers of Neighbors <neighbors@neighbors.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(users "systemd | systemd-standalone-sysusers")
set(scripts ${CMAKE_SOURCE_DIR}/deploy/debian)

set(CPACK_DEBIAN_BROKER_PACKAGE_NAME neighbors-broker)
set(CPACK_DEBIAN_BROKER_DESCRIPTION "neighborhood alert broker
neighborsd takes motion events of cameras and sensors and alerts of residents
and agencies, keeps them in a Redis of its own, and brings each to whoever
follows the neighborhood that it concerns. neighbors-bridge connects it with
MQTT brokers that exist.")
set(CPACK_DEBIAN_BROKER_PACKAGE_DEPENDS
  "${users}, neighbors-tools (= ${PROJECT_VERSION}), redis-server (>= 5:7.0), tzdata, libwebsockets-evlib-ev")
set(CPACK_DEBIAN_BROKER_PACKAGE_CONTROL_EXTRA
  "${scripts}/broker/postinst;${scripts}/broker/prerm;${scripts}/broker/postrm;${scripts}/broker/conffiles")
set(CPACK_DEBIAN_EDGE_PACKAGE_NAME neighbors-edge)
set(CPACK_DEBIAN_EDGE_DESCRIPTION "from a home's devices to the neighborhood's broker
Runs beside Frigate, ring-mqtt, Home Assistant or Zigbee2MQTT, translates what
they publish, and shares what its owner chose with a Neighbors broker.")
set(CPACK_DEBIAN_EDGE_PACKAGE_DEPENDS "${users}, ca-certificates")
set(CPACK_DEBIAN_EDGE_PACKAGE_RECOMMENDS mosquitto)
set(CPACK_DEBIAN_EDGE_PACKAGE_CONTROL_EXTRA
  "${scripts}/edge/postinst;${scripts}/edge/prerm;${scripts}/edge/postrm")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME neighbors-tools)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "neighborhood alerts at the command line
Enrols residents, devices and agencies, publishes and follows alerts, reads
CAP, makes and checks keys, proofs and records of a Neighbors broker.")
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${users}, ca-certificates")
set(CPACK_DEBIAN_TOOLS_PACKAGE_CONTROL_EXTRA
  "${scripts}/tools/postinst;${scripts}/tools/prerm;${scripts}/tools/postrm")
include(CPack)
