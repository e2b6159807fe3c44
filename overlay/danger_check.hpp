// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/order.hpp"
#include "overlay/plan.hpp"

#include <set>
#include <string>
#include <vector>

namespace overlay {

/// Which extensions the dangers keep from being merged, each with the first rule that does. From
/// the lowest layer up, a danger to one that is left out itself does not count. `lowest_first` has
/// all names.
std::vector<LeftOut> refused(const std::vector<Danger> &dangers,
                             const std::vector<std::string> &lowest_first);

/// What one extension does by one rule, to whomever, in a sentence without its end: "it removes
/// files of a and the system (2): /usr/share/x". It may be shown to people whatever is in it.
std::string describe(const std::vector<Danger> &of_one_rule);

/// Those of one extension and rule together, in the order in which they come first.
std::vector<std::vector<Danger>> by_rule(const std::vector<Danger> &dangers);

/// Looks for the dangers between the layers of the plan, which has them afterwards, and leaves out
/// of its selection what the policy refuses, what could not be read, and what requires one of
/// these. True if there was any of that: then the plan's layers are to be found anew.
///
/// What is `known`, because it was looked at when it was merged, is only compared with the rest,
/// unless the request asks for all. Throws what could not be read if it is of an extension that is
/// `merged` now, as select() does.
bool check_dangers(const base::Host &host,
                   Plan &plan,
                   const std::set<std::string> &merged,
                   const std::set<std::string> &known);

} // namespace overlay
