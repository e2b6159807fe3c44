// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/catalog.hpp"
#include "updater/current_link.hpp"

#include <optional>
#include <string>

namespace updater {

/// An update that was begun and did not come to its end. Its version is shown as partial, although
/// nothing of it may be in any slot yet: the bytes that came lie in strake's own staging directory.
struct Attempt {
  std::string version;
  std::string failure; ///< the kind and the message; empty if it was cut off
  CurrentLink link = CurrentLink::follows;
};

std::optional<Attempt> read_attempt(const base::Dir &state, const std::string &component);
void write_attempt(base::Sys &sys,
                   const base::Dir &state,
                   const std::string &component,
                   const Attempt &attempt);
void forget_attempt(base::Sys &sys, const base::Dir &state, const std::string &component);

/// Shows the version of an attempt as partial, adding it where nothing else knows it.
void show_attempt(Catalog &catalog, const Attempt &attempt, std::size_t transfers);

} // namespace updater
