# `cmake --install`: libraries, public headers under include/nnc, the tools, and find_package(nnc).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set_target_properties(nnc PROPERTIES INSTALL_RPATH "$ORIGIN" INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS nnc nnc_runtime EXPORT nncTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT nncTargets NAMESPACE nnc:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/nnc)
foreach(tool nnc-opt nnc-tool)
  if(TARGET ${tool})
    set_target_properties(${tool} PROPERTIES
      INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}" INSTALL_RPATH_USE_LINK_PATH ON)
    install(TARGETS ${tool} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/nncConfig.cmake.in ${PROJECT_BINARY_DIR}/nncConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/nnc)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/nncConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/nncConfig.cmake ${PROJECT_BINARY_DIR}/nncConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/nnc)

# Public headers: all of the runtime, the frontend and the layers, of ir the tensor and its vocabulary, and the options
# of the compiler. They include no header of LLVM or MLIR (tests/layering), so a user needs neither to be installed.
foreach(folder runtime frontend nn ir/ops)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/nnc/${folder}
    FILES_MATCHING PATTERN "*.h" PATTERN embedded EXCLUDE PATTERN Tracing.h EXCLUDE PATTERN Seed.h EXCLUDE)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/codegen/object/Compile.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/nnc/codegen/object OPTIONAL)
install(FILES ${PROJECT_SOURCE_DIR}/nnc.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/nnc)
install(FILES ${PROJECT_SOURCE_DIR}/ir/Tensor.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/nnc/ir)
