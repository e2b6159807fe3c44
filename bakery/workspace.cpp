// SPDX-License-Identifier: Apache-2.0
#include "bakery/workspace.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"

namespace bakery {

namespace {

base::Dir fresh(base::Sys &sys, const base::Dir &parent, const std::string &name)
{
  base::remove_tree(sys, parent, name);
  sys.make_dir(parent, name, 0700);
  return parent.dir(name);
}

} // namespace

Workspace::Workspace(base::Sys &sys, const base::Dir &parent, std::string name)
    : sys_(sys), parent_(parent.again()), name_(std::move(name)), dir_(fresh(sys, parent_, name_))
{
}

Workspace::~Workspace()
{
  try {
    base::remove_tree(sys_, parent_, name_);
  } catch (const base::Error &) { // NOLINT(bugprone-empty-catch): the next run removes it
  }
}

base::Dir Workspace::make(const std::string &name) const
{
  sys_.make_dir(dir_, name, 0755);
  return dir_.dir(name);
}

} // namespace bakery
