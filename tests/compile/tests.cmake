# What a program that uses the library is compiled with.  g++ takes the precompiled header, which comes first, for
# aftercommit.hpp where that is a file's first include, and others pass it over.
set(precompiled ${PROJECT_BINARY_DIR}/precompiled)
set(user_flags -std=c++20 -I${precompiled} -I${PROJECT_SOURCE_DIR}/include ${libpqxx_CFLAGS})
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  set(header ${precompiled}/aftercommit.hpp)
  # g++ warns of a "#pragma once" in the file that it is given itself.
  file(CONFIGURE OUTPUT ${header} CONTENT "#include \"${PROJECT_SOURCE_DIR}/include/aftercommit/aftercommit.hpp\"\n")
  set(gch ${precompiled}/aftercommit/aftercommit.hpp.gch)
  file(MAKE_DIRECTORY ${precompiled}/aftercommit)
  add_custom_command(OUTPUT ${gch} DEPFILE ${gch}.d VERBATIM COMMENT "Precompiling aftercommit.hpp for tests"
                     COMMAND ${CMAKE_CXX_COMPILER} ${user_flags} -MD -MF ${gch}.d -MT ${gch} -x c++-header ${header} -o ${gch})
  add_custom_target(precompiled_aftercommit ALL DEPENDS ${gch})
endif()

# What the compiler says of a call that is wrong: each snippet is only looked at, and has to fail with these words.
function(aftercommit_compile_test name words)
  add_test(NAME Compile.${name} COMMAND ${CMAKE_CXX_COMPILER} ${user_flags} -fsyntax-only
                                        ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${ARGV2}.cpp)
  set_tests_properties(Compile.${name} PROPERTIES LABELS unit TIMEOUT 120)
  if(words)
    set_tests_properties(Compile.${name} PROPERTIES PASS_REGULAR_EXPRESSION "static assertion failed: ${words}")
  endif()
endfunction()

aftercommit_compile_test(TakesACallThatIsRight "" right)
aftercommit_compile_test(NamesTheArgumentOfAnotherType "argument 2 of this call is not of the type" wrong_type)
aftercommit_compile_test(NamesAFractionGivenForAWholeNumber "argument 1 of this call is not of the type" fraction)
aftercommit_compile_test(SaysThatAnArgumentIsMissing "this call gives the task fewer arguments" too_few)
aftercommit_compile_test(SaysThatThereAreTooManyArguments "this call gives the task more arguments" too_many)
aftercommit_compile_test(SaysThatOptionsComeFirst "the options of a call come first" options_last)
aftercommit_compile_test(SaysThatNamedOptionsComeFirst "the options of a call come first" named_options_last)
aftercommit_compile_test(SaysWhatTakesOptions "the options of a call come first, and apply_async" options_to_delay)
aftercommit_compile_test(NamesAnArgumentFurtherBehind "argument 9 of this call is not of the type" ninth_argument)
aftercommit_compile_test(SaysThatOptionsComeFirstForBracesToo "the options of a call come first" options_after_four)
aftercommit_compile_test(SaysThatDelayTakesNoOptions "delay.. takes no options" options_in_braces_to_delay)
aftercommit_compile_test(NamesAnOptionOfAnotherType "the option countdown of this call is of a wrong type"
                         option_without_unit)
aftercommit_compile_test(NamesAnArgumentInBraces "argument 2 of this call is in braces" argument_in_braces)
aftercommit_compile_test(NamesTheArgumentOfOneCallOfMany "argument 2 of this call is not of the type" many_wrong_type)
aftercommit_compile_test(NamesTheArgumentOfTuplesOfAnotherType "argument 2 of these tuples is not exactly of the type"
                         many_tuples)
aftercommit_compile_test(SaysThatOptionsOfManyCallsComeFirst "the options of many calls come first" many_options_last)
aftercommit_compile_test(SaysThatDelayManyTakesNoOptions "delay_many.. takes no options" options_to_delay_many)
aftercommit_compile_test(NamesTheArgumentThatABodyDoesNotTake "argument 2 of the task does not go into the parameter"
                         body_parameter)
aftercommit_compile_test(SaysThatABodyLacksAParameter "this body has fewer parameters" body_too_few)
aftercommit_compile_test(SaysThatABodyIsConst "the body of a task runs in several threads at once" body_mutable)
aftercommit_compile_test(SaysWhatAnOwnTypeLacks "a parameter of this task cannot become JSON: give its type" own_type)
aftercommit_compile_test(SaysWhatAnOwnTypeLacksForABody "a parameter of this task cannot be made from JSON: give its"
                         own_type_to_run)
aftercommit_compile_test(SaysThatAPartOfAChainTakesWhatIsNotReturned "a part of this chain leaves its first argument"
                         chain_wrong_type)
aftercommit_compile_test(SaysThatAPartLacksArguments "a part gives its task all arguments, or all but the first" part_too_few)
aftercommit_compile_test(SaysThatNothingComesBeforeTheFirstPart "nothing comes before the first part of a plan" plan_open)
aftercommit_compile_test(SaysWhichHeaderATransactionOfOthersNeeds "no job can be asked for in this: include aftercommit/foreign/pqxx"
                         foreign_without_header)
aftercommit_compile_test(NamesTheArgumentOfACallInATransactionOfOthers "argument 2 of this call is not of the type"
                         foreign_wrong_type)
