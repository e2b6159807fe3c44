// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/crash_model.hpp"

#include <cstddef>
#include <functional>
#include <random>
#include <vector>

namespace support {

/// How many combinations there are, or `limit` + 1 if there are more than `limit`.
std::size_t combinations(const std::vector<Axis> &axes, std::size_t limit);

/// False: no more, please.
using ChoiceVisitor = std::function<bool(const Choice &)>;

/// All combinations, beginning with "nothing reached the disk".
bool every_choice(const std::vector<Axis> &axes, const ChoiceVisitor &visit);

/// A choice among very many: those in which bugs are found most often, then random ones. Some may
/// come twice.
bool some_choices(const std::vector<Axis> &axes,
                  std::size_t random_count,
                  std::mt19937_64 &random,
                  const ChoiceVisitor &visit);

} // namespace support
