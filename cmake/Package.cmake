# What `cmake --install` puts there for services in other repositories: the SDK's headers and libraries, the
# contract's .proto files, and the CMake package that find_package(reel) finds. The component `sdk` is that
# alone, without the programs.
include(CMakePackageConfigHelpers)
set(REEL_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/reel)

set_target_properties(reel_sdk PROPERTIES EXPORT_NAME sdk)
set_target_properties(reel_event PROPERTIES EXPORT_NAME event)
set_target_properties(reel_proto PROPERTIES EXPORT_NAME proto)
install(TARGETS reel_sdk reel_event reel_proto EXPORT reel
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
install(EXPORT reel NAMESPACE reel:: FILE reelTargets.cmake DESTINATION ${REEL_PACKAGE_DIR} COMPONENT sdk)

install(DIRECTORY sdk/cpp/include/reel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk)
install(DIRECTORY ${PROJECT_BINARY_DIR}/proto/generated/reel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT sdk FILES_MATCHING PATTERN "*.pb.h")
install(DIRECTORY proto/reel DESTINATION ${CMAKE_INSTALL_DATADIR}/reel/proto
  COMPONENT sdk FILES_MATCHING PATTERN "*.proto")

configure_package_config_file(cmake/reelConfig.cmake.in ${PROJECT_BINARY_DIR}/reelConfig.cmake
  INSTALL_DESTINATION ${REEL_PACKAGE_DIR} PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/reelConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/reelConfig.cmake ${PROJECT_BINARY_DIR}/reelConfigVersion.cmake
  DESTINATION ${REEL_PACKAGE_DIR} COMPONENT sdk)
