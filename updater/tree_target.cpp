// SPDX-License-Identifier: Apache-2.0
#include "updater/tree_target.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

namespace updater {

NewTree make_tree(base::Sys &sys, Place &place, const std::string &below, ResourceKind kind)
{
  OpenName name = open_name(sys, place, below);
  discard_partial(sys, name);
  std::string temporary = fmt::format("{}{}", partial_prefix, name.name);
  if (kind == ResourceKind::subvolume)
    sys.make_subvolume(name.parent, temporary);
  else
    sys.make_dir(name.parent, temporary, 0755);
  auto dir = name.parent.find_dir_no_symlinks(temporary);
  if (!dir)
    base::fail(base::Kind::busy, "{} vanished", name.parent.display(temporary));
  return {std::move(name), std::move(temporary), std::move(*dir), kind};
}

void settle_tree(base::Sys &sys, const NewTree &tree)
{
  sys.sync_file_system(tree.dir);
}

void publish_tree(base::Sys &sys, NewTree &tree, std::string_view prefix)
{
  const std::string name = fmt::format("{}{}", prefix, tree.place.name);
  sys.rename(tree.place.parent, tree.temporary, tree.place.parent, name, base::Replace::yes);
  sys.sync(tree.place.parent);
  tree.temporary = name;
}

void make_read_only(base::Sys &sys, const Place &place, const std::string &below, ResourceKind kind)
{
  const auto tree = place.dir->find_dir_no_symlinks(below);
  if (!tree)
    base::fail(base::Kind::busy, "{} vanished", place.dir->display(below));
  if (kind == ResourceKind::subvolume)
    sys.set_subvolume_read_only(*tree, true);
  else
    sys.set_immutable(tree->fd(), true);
}

} // namespace updater
