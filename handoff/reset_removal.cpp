// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_removal.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

namespace handoff {

namespace {

base::Dir open_directory(const base::Dir &dir, const std::string &name)
{
  auto found = dir.find_dir_no_symlinks(name);
  if (!found)
    base::fail(base::Kind::busy, "{} changed while it was looked at", dir.display(name));
  return std::move(*found);
}

} // namespace

void let_change(base::Sys &sys,
                const base::Dir &dir,
                const std::string &name,
                const ResetEntry &entry)
{
  if (!entry.cannot_change)
    return;
  if (entry.type == S_IFDIR)
    sys.set_immutable(open_directory(dir, name).fd(), false);
  else if (entry.type == S_IFREG)
    sys.set_immutable(dir.file(name), false);
}

void ResetRemoval::entry(const base::Dir &dir, const std::string &name)
{
  one(dir, name, 0);
  while (!lifted_.empty()) {
    const std::string next = lifted_.back();
    lifted_.pop_back();
    one(top_, next, 0);
  }
}

void ResetRemoval::one(const base::Dir &dir, const std::string &name, int depth)
{
  const auto found = look_at(dir, name);
  if (!found)
    return;
  if (found->is_mounted_on)
    base::fail(base::Kind::busy,
               "something was mounted on {} meanwhile, so it is not removed",
               dir.display(name));
  let_change(sys_, dir, name, *found);
  if (found->type != S_IFDIR)
    sys_.remove(dir, name, base::Remove::file);
  else if (depth < deepest_level)
    directory(dir, name, depth);
  else
    lift(dir, name);
}

void ResetRemoval::directory(const base::Dir &dir, const std::string &name, int depth)
{
  const base::Dir tree = open_directory(dir, name);
  if (base::is_subvolume(tree))
    sys_.set_subvolume_read_only(tree, false);
  for (const base::DirEntry &each : tree.entries())
    one(tree, each.name, depth + 1);
  sys_.remove(dir, name, base::Remove::directory);
}

/// Whoever makes directories without end in one another does not keep the rest from going.
void ResetRemoval::lift(const base::Dir &dir, const std::string &name)
{
  std::size_t number = 0;
  const auto lifted = [&] { return fmt::format(".strake-reset.{}", number); };
  while (top_.status(lifted()))
    ++number;
  sys_.rename(dir, name, top_, lifted(), base::Replace::no);
  lifted_.push_back(lifted());
}

} // namespace handoff
