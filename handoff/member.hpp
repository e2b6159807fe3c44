// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "overlay/extension_settings.hpp"

#include <set>
#include <string>
#include <vector>

namespace handoff {

/// What there is of an extension for a system that is to come.
struct MemberChoices {
  std::string name;
  std::string component{}; ///< that keeps it; empty: it was put there by hand
  std::string in_use{};    ///< version; empty where no component keeps it
  std::string misfit{};    ///< why what is in use does not fit that system; empty: it does
  bool is_coupled = false; ///< its version is that of the system that runs: one goes with the other
  std::set<std::string> here{};     ///< versions on this machine
  std::set<std::string> on_offer{}; ///< versions of its source
  std::string newest{}; ///< on offer that is said to fit that system, by what is signed; or empty
  std::string no_newest{}; ///< why there is none, where something signed says so
  overlay::ExtensionSettings::Unfit when_unfit = overlay::ExtensionSettings::Unfit::block;
};

/// What becomes of an extension with a system that is to come.
struct Member {
  std::string name;
  std::string component;
  std::string before; ///< version in use now
  std::string
      version; ///< that goes with that system; empty: none does, or it was put there by hand
  bool is_to_fetch = false;
  std::string unfit{}; ///< why it is without the extension, as a half sentence; empty: it is not
  overlay::ExtensionSettings::Unfit when_unfit = overlay::ExtensionSettings::Unfit::block;
};

/// Decides about one: the very version of the system where both go together, else the newest that
/// is known to fit, else what is in use if that fits.
Member choose_member(const MemberChoices &choices, const std::string &system);

/// Throws Kind::config, naming all of them and what can be done, if some of these keep the system
/// from coming.
void refuse_unfit(const std::vector<Member> &members, const std::string &system);

} // namespace handoff
