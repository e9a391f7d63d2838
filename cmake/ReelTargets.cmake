# How a target of ours is declared: reel_library, reel_program, reel_test and reel_bench set the warnings and
# the sanitizers once, so that each folder's CMakeLists.txt says only its files and what it stands on. They
# also gather what is built together: `programs`, `tests_unit` (and so for each label), `benches`.

add_library(reel_options INTERFACE)
target_compile_options(reel_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers
  $<$<BOOL:${REEL_WERROR}>:-Werror>)
if(REEL_SANITIZE)
  # For every target, generated code too: half-instrumented containers report false overflows.
  add_compile_options(-fsanitize=${REEL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${REEL_SANITIZE})
  # Instrumented, the standard library's own headers look to GCC as if they read what was never set; the
  # compiler's manual says to expect that. The release build judges this warning.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(reel_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# Most of a build's time goes into the system's headers, so a part's files are compiled eight at a time. OFF
# shows what a file forgot to include itself, and compiles least where one file changes again and again.
option(REEL_UNITY "Compile the files of a part together" ON)
function(reel_compile_together name)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${REEL_UNITY})
endfunction()

add_custom_target(programs)
add_custom_target(benches)

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
  reel_compile_together(${name})
endfunction()

# reel_program(NAME SOURCES… LIBS libs… [DEMO]): an executable, installed unless it is part of the demo.
function(reel_program name)
  cmake_parse_arguments(A "DEMO" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_LIBS} reel_options)
  reel_compile_together(${name})
  add_dependencies(programs ${name})
  if(NOT A_DEMO)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# reel_gather_test(NAME LABEL): NAME is built by the target tests_LABEL.
function(reel_gather_test name label)
  if(NOT TARGET tests_${label})
    add_custom_target(tests_${label})
  endif()
  add_dependencies(tests_${label} ${name})
endfunction()

# reel_test(NAME SOURCES… LIBS libs… [LABEL unit] [TIMEOUT 60]): a doctest program that ctest runs.
function(reel_test name)
  cmake_parse_arguments(A "" "LABEL;TIMEOUT" "SOURCES;LIBS" ${ARGN})
  if(NOT A_LABEL)
    set(A_LABEL unit)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 180)
  endif()
  if(REEL_SANITIZE)  # instrumented and not optimised: several times as long
    math(EXPR A_TIMEOUT "4 * ${A_TIMEOUT}")
  endif()
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_LIBS} reel_test_main reel_options)
  reel_compile_together(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} --no-version --no-intro)
  set_tests_properties(${name} PROPERTIES LABELS ${A_LABEL} TIMEOUT ${A_TIMEOUT})
  reel_gather_test(${name} ${A_LABEL})
endfunction()

# reel_soak(NAME [TIMEOUT 3600]): the test NAME has a long form too, which it takes where REEL_SOAK=1 is set:
# `./dev soak` runs it so, under the label `soak`, which `./dev test` leaves out.
function(reel_soak name)
  cmake_parse_arguments(A "" "TIMEOUT" "" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 3600)
  endif()
  string(REGEX REPLACE "_test$" "_soak" soak ${name})
  add_test(NAME ${soak} COMMAND ${name} --no-version --no-intro)
  # What is measured there is measured alone.
  set_tests_properties(${soak} PROPERTIES LABELS soak TIMEOUT ${A_TIMEOUT} RUN_SERIAL TRUE)
  reel_gather_test(${name} soak)
endfunction()

# reel_bench(NAME SOURCES… LIBS libs…): a program in tests/bench that `./dev bench` builds and runs.
function(reel_bench name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE ${A_LIBS} reel_options)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  add_dependencies(benches ${name})
endfunction()
