/// How deep and how large a JSON value may be.
#pragma once

#include <cstddef>

namespace aftercommit {

/// Copying and printing a JSON tree recurses, so its depth must be bounded before the tree exists; and a
/// short text such as [[],[],[] ... grows to many times its size as a tree, so the number of its values is
/// bounded too.
struct JsonLimits {
  int depth;           ///< arrays and objects inside one another, the outermost counted
  std::size_t values;  ///< everything below the outermost value: elements and members, at all levels
};

}  // namespace aftercommit
