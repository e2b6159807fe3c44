// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_once.hpp"

#include "base/error.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace handoff {

using base::Kind;

const MenuEntry &choose_once(const std::vector<MenuEntry> &menu, const std::string &id)
{
  const auto found = std::find_if(
      menu.begin(), menu.end(), [&](const MenuEntry &each) { return each.entry.name.id == id; });
  if (found == menu.end()) {
    std::vector<std::string> ids;
    for (const MenuEntry &each : menu)
      ids.push_back(each.entry.name.id);
    base::fail(Kind::not_found,
               "there is no boot entry {}; there are: {}",
               id,
               ids.empty() ? "none" : fmt::format("{}", fmt::join(ids, ", ")));
  }
  if (!found->can_boot())
    base::fail(Kind::config,
               "{} cannot boot: {}",
               found->file,
               found->faults.empty() ? "it was given up" : found->faults.front());
  return *found;
}

void boot_once(const base::Host &host, const std::string &id)
{
  const base::Finished done = host.programs.run({.argv = {"bootctl", "set-oneshot", id}});
  if (done.status != 0)
    base::fail(Kind::io, "bootctl set-oneshot failed: {}", done.errors);
}

} // namespace handoff
