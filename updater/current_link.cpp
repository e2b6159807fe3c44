// SPDX-License-Identifier: Apache-2.0
#include "updater/current_link.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "updater/disk.hpp"

#include <filesystem>

namespace updater {

namespace {

/// Where the link itself lies, seen from the anchor of the target.
struct LinkPlace {
  const base::Dir *root;
  std::string path;
};

LinkPlace link_place(const base::Host &host, const Reach &way, const std::string &link)
{
  if (link.starts_with('/') || !way.target)
    return {&host.root, link};
  return {&way.target->anchor, way.target->path + "/" + link};
}

std::string
target_of(const base::Host &host, const Inventory &inventory, const Reach &way, const Step &step)
{
  const Holding &holding = inventory.holdings[step.transfer];
  // What the disk will be called is known only where the image boots; what is on it is known now.
  if (step.partition != 0 && inventory.disks[*way.disk].place.is_image)
    return "/dev/disk/by-partuuid/" +
           inventory.disks[*way.disk].table.entry(step.partition).unique.text();
  if (step.partition != 0)
    return partition_path(holding.target_path, step.partition);
  const std::string &link = holding.transfer.target.current_symlink;
  if (!link.starts_with('/'))
    return way.target->path + "/" + step.name;
  std::string target = way.target->display() + "/" + step.name;
  const std::string &root = host.root.path();
  if (root != "/" && target.starts_with(root))
    target.erase(0, root.size());
  return target;
}

} // namespace

void point_current_link(const base::Host &host, const Inventory &inventory, const Step &step)
{
  const Holding &holding = inventory.holdings[step.transfer];
  const std::string &link = holding.transfer.target.current_symlink;
  if (link.empty())
    return;
  const Reach &way = inventory.ways[step.transfer];
  const LinkPlace place = link_place(host, way, link);
  const base::SplitPath path = base::split_path(place.path);
  const std::string target =
      std::filesystem::path(target_of(host, inventory, way, step))
          .lexically_normal()
          .lexically_relative(std::filesystem::path(path.parent).lexically_normal())
          .string();
  const base::Dir parent = base::make_path(host.sys, *place.root, path.parent);
  if (parent.link_target(path.name) == target)
    return;
  host.say(base::Level::info,
           "Updated symlink '{}' {} '{}'.",
           place.root->display(place.path),
           "→",
           target);
  base::replace_symlink(host.sys, parent, path.name, target);
}

} // namespace updater
