// SPDX-License-Identifier: Apache-2.0
#include "handoff/target_system.hpp"

#include "base/os_release.hpp"
#include "handoff/unified_image.hpp"
#include "updater/directory.hpp"

#include <optional>

namespace handoff {

namespace {

using OsRelease = std::map<std::string, std::string>;

/// What the boot file of this version says; nothing if it is not here, or says nothing.
std::optional<OsRelease> told_by_boot_file(const updater::Inventory &inventory,
                                           const std::string &version)
{
  for (std::size_t index = 0; index < inventory.holdings.size(); ++index) {
    const updater::Holding &holding = inventory.holdings[index];
    const updater::Instance *instance = updater::find_version(holding.installed, version);
    if (!holding.is_boot || instance == nullptr || instance->presence == updater::Presence::partial)
      continue;
    const auto &place = inventory.ways[index].target;
    const auto reading = read_unified_image(place->dir->file(instance->name));
    if (!reading.image || !reading.image->texts.contains(".osrel"))
      continue;
    return base::parse_assignments(reading.image->texts.at(".osrel"));
  }
  return std::nullopt;
}

OsRelease assumed(OsRelease running, const std::string &version)
{
  if (running["VERSION_ID"] == running["IMAGE_VERSION"])
    running["VERSION_ID"] = version;
  running["IMAGE_VERSION"] = version;
  return running;
}

} // namespace

overlay::Target
target_system(const base::Host &host, const updater::Scope &scope, const std::string &version)
{
  overlay::Target target = overlay::read_target(host);
  const updater::Inventory inventory = updater::take_inventory(host, scope);
  auto told = told_by_boot_file(inventory, version);
  target.os_release = told ? std::move(*told) : assumed(std::move(target.os_release), version);
  return target;
}

} // namespace handoff
