// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/index.hpp"
#include "bakery/lint.hpp"
#include "bakery/new_file.hpp"
#include "base/host.hpp"

#include <vector>

namespace bakery {

enum class Lint { required, left_out };

/// What the index will say of new files, of which `offered` has size and hash: the kind of an
/// image, which systems it fits and its root hash, by what is in it and beside it; the parts of a
/// system are known by their names, and not opened. Images (.raw) that are not among `known` are
/// read and judged by the rules of `strake lint`, also in how they go together. Throws Kind::config
/// where a rule finds an error that the recipe does not allow; with Lint::left_out no image is
/// opened, and each that is no part of a system counts as a sysext that fits any system.
std::vector<AddedFile> inspect(const base::Host &host,
                               const std::vector<NewFile> &files,
                               const std::vector<OfferedFile> &offered,
                               const std::vector<OfferedFile> &known,
                               Lint linting);

/// The systems that an extension fits, as its release file says. Nothing for what has none.
std::vector<verity::FittingSystem> systems_for(const Subject &subject);

} // namespace bakery
