/// Marks of the library's border, for its own headers.
#pragma once

/// Of a type that is known by its identity on both sides of a shared library's border, as exceptions are: one
/// for all, also in a program that is built with -fvisibility=hidden.
#define AFTERCOMMIT_EXPORT __attribute__((visibility("default")))

/// Put into the name by which the linker knows a function.  What was built against headers of a release with
/// other types finds no such function in this library, and is refused when it is linked or loaded, instead of
/// handing over what is understood otherwise.  Changes with every minor version before 1.0.
#define AFTERCOMMIT_ABI_TAG __attribute__((abi_tag("aftercommit_0_2")))
