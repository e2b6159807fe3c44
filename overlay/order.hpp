// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/extension_settings.hpp"
#include "overlay/fit.hpp"

#include <map>
#include <string>
#include <vector>

namespace overlay {

/// An extension that fits and yet is not to be merged.
struct LeftOut {
  std::string name;
  Verdict verdict; ///< of rule "disabled", "conflicts" or "requires"

  bool operator==(const LeftOut &) const = default;
};

/// Which extensions lie over and under the system, the lowest layer first.
struct Arrangement {
  std::vector<std::string> above;
  std::vector<std::string> below;
  std::vector<LeftOut> left_out; ///< in the order in which they would have come

  bool operator==(const Arrangement &) const = default;
};

/// Selects and orders the extensions that were found and fit the system. `settings` has what is
/// said of each; those that it does not have are as the defaults.
///
/// Left out is what is disabled; then what conflicts with one that is not (of two that name each
/// other the one with the larger priority stays, or else the later name); then, until nothing
/// changes, what requires one that is not there any more.
///
/// The rest lies in the order of priority and, of one priority, of base::compare_versions; each
/// moves up just as far as its After= asks for. Throws Kind::config, with the names, if the After=
/// of several go round in a circle or ask one of those below the system to be above one that is
/// not. It does not depend on the order of `names`.
Arrangement arrange(const std::vector<std::string> &names,
                    const std::map<std::string, ExtensionSettings> &settings);

/// Those that cannot stay when others are taken out of what arrange() chose: `gone`, as they are
/// given, and all that require one of these, or one that does. `names` has all that was chosen.
std::vector<LeftOut> dragged_along(const std::vector<std::string> &names,
                                   const std::map<std::string, ExtensionSettings> &settings,
                                   const std::vector<LeftOut> &gone);

} // namespace overlay
