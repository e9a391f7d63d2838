# How a target of ours is declared: reel_library, reel_program and reel_test set the warnings and the
# sanitizers once, so that each folder's CMakeLists.txt says only its files and what it stands on.

add_library(reel_options INTERFACE)
target_compile_options(reel_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers
  $<$<BOOL:${REEL_WERROR}>:-Werror>)
if(REEL_SANITIZE)
  # For every target, generated code too: half-instrumented containers report false overflows.
  add_compile_options(-fsanitize=${REEL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${REEL_SANITIZE})
endif()

# reel_library(NAME SOURCES… PUBLIC libs… PRIVATE libs…): a static library whose headers are included
# relative to the folder above it ("journal/segment.h" from broker/journal).
function(reel_library name)
  cmake_parse_arguments(A "" "INCLUDE" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  if(NOT A_INCLUDE)
    set(A_INCLUDE ${CMAKE_CURRENT_SOURCE_DIR}/..)
  endif()
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${A_INCLUDE}>)
  target_link_libraries(${name} PUBLIC ${A_PUBLIC} PRIVATE ${A_PRIVATE} $<BUILD_INTERFACE:reel_options>)
endfunction()

# reel_program(NAME SOURCES… LIBS libs…): an installed executable.
function(reel_program name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_LIBS} reel_options)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# reel_test(NAME SOURCES… LIBS libs… [LABEL unit] [SLOW]): a doctest program that ctest runs.
function(reel_test name)
  cmake_parse_arguments(A "" "LABEL;TIMEOUT" "SOURCES;LIBS" ${ARGN})
  if(NOT A_LABEL)
    set(A_LABEL unit)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 60)
  endif()
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_LIBS} reel_test_main reel_options)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} --no-version --no-intro)
  set_tests_properties(${name} PROPERTIES LABELS ${A_LABEL} TIMEOUT ${A_TIMEOUT})
endfunction()
