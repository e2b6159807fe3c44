// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bakery {

/// One value of a YAML text, and where it stands. Scalars stay text: "1.10" is no number here.
struct Yaml {
  enum class Kind { null, scalar, sequence, mapping };

  Kind kind = Kind::null;
  std::string text{};                          ///< of a scalar
  std::vector<Yaml> items{};                   ///< of a sequence
  std::vector<std::pair<Yaml, Yaml>> fields{}; ///< of a mapping: scalars, each once, in order
  unsigned line = 1;
  unsigned column = 1;
};

/// What a text may cost, however its aliases are nested.
struct YamlLimits {
  std::size_t bytes = std::size_t{256} << 10U;
  std::size_t values = 20'000; ///< those of aliases count each time they are used
  std::size_t depth = 16;
};

/// "FILE:LINE:COLUMN", as compilers write it.
std::string place_of(std::string_view file, const Yaml &value);

/// Reads a text of one document. Throws Kind::config, with file, line and column, for one that is
/// no YAML, is beyond the limits, has a key twice, a key that is no text, or tags of its own.
Yaml parse_yaml(std::string_view text, const std::string &file, const YamlLimits &limits = {});

} // namespace bakery
