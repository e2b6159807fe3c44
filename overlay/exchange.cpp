// SPDX-License-Identifier: Apache-2.0
#include "overlay/exchange.hpp"

#include "base/error.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

namespace overlay {

namespace {

using base::Depth;
using base::Level;
using base::Place;

bool is_same(const base::Fd &one, const base::Fd &other)
{
  struct stat left = {};
  struct stat right = {};
  return ::fstat(one.number(), &left) == 0 && ::fstat(other.number(), &right) == 0 &&
         left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

bool is_mount_top(const base::Fd &fd)
{
  struct statx found = {};
  return ::statx(fd.number(), "", AT_EMPTY_PATH, 0, &found) == 0 &&
         (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

class Step {
public:
  Step(const base::Host &host, Change change) : host_(host), change_(std::move(change)) {}

  /// Takes copies of all that will be needed. Nothing is changed yet.
  void prepare()
  {
    const Hierarchy &hierarchy = change_.hierarchy;
    if (!hierarchy.is_merged()) {
      for (const std::string &below : hierarchy.submounts)
        covered_.push_back(hierarchy.top->handle(below));
      return;
    }
    former_ = host_.sys.copy_mount(hierarchy.top->fd(), Depth::whole_tree);
    if (change_.next)
      return;
    for (const std::string &below : hierarchy.submounts)
      carried_.push_back(
          {below, host_.sys.copy_mount(hierarchy.top->handle(below), Depth::whole_tree)});
  }

  void make()
  {
    if (!change_.next) {
      bare();
      is_made_ = true;
      return;
    }
    if (change_.hierarchy.is_merged()) {
      leave_one();
      replace(change_.next->tree.fd());
    } else {
      attach_on_top(change_.next->tree.fd());
    }
    is_made_ = true;
    for (const Carried &carried : change_.next->later)
      put_back(carried);
  }

  /// What was mounted below a hierarchy lives on in the new tree alone. Where this fails, or is
  /// never come to, it stays below as well, which nobody sees.
  void tidy_up() noexcept
  {
    for (const base::Fd &mount : covered_) {
      try {
        host_.sys.unmount(mount);
      } catch (const base::Error &error) {
        host_.say(Level::warning, "{}: {}", change_.hierarchy.path, error.what());
      }
    }
  }

  [[nodiscard]] const std::string &path() const { return change_.hierarchy.path; }

  /// Never throws, since the others must be undone too.
  void undo() noexcept
  {
    try {
      if (is_made_)
        undo_made();
    } catch (const base::Error &error) {
      host_.say(
          Level::error, "{} could not be changed back: {}", change_.hierarchy.path, error.what());
    }
  }

private:
  [[nodiscard]] base::Dir top() const { return host_.root.dir(change_.hierarchy.path); }

  void attach_on_top(const base::Fd &tree) { host_.sys.attach(tree, top().fd(), Place::on_top); }

  void unmount_top() { unmount(top().fd()); }

  /// Twice if need be: what is left of a hierarchy that was changed by half is hard to put right.
  /// A call that fails may have done its work all the same.
  void unmount(const base::Fd &mount)
  {
    try {
      host_.sys.unmount(mount);
    } catch (const base::Error &) {
      if (is_same(top().fd(), mount))
        host_.sys.unmount(mount);
    }
  }

  /// More than one overlay is what a run leaves that was killed while it exchanged them: the one
  /// that was to be lies under the one that was, each whole.
  void leave_one()
  {
    for (unsigned left = change_.hierarchy.covers; left > 1; --left)
      unmount_top();
  }

  void replace(const base::Fd &tree)
  {
    const base::Dir present = top();
    try {
      host_.sys.attach(tree, present.fd(), Place::beneath);
    } catch (const base::Error &error) {
      if (error.os_error() != EINVAL)
        throw;
      replace_with_gap(tree);
      return;
    }
    unmount(present.fd());
  }

  void replace_with_gap(const base::Fd &tree)
  {
    host_.say(Level::notice,
              "This kernel cannot exchange {} in one step; its extensions are not to be seen for a "
              "moment.",
              change_.hierarchy.path);
    unmount_top();
    try {
      attach_on_top(tree);
    } catch (const base::Error &) {
      attach_on_top(former_);
      throw;
    }
  }

  void bare()
  {
    leave_one();
    unmount_top();
    try {
      for (const Carried &carried : carried_)
        put_back(carried);
    } catch (const base::Error &) {
      attach_on_top(former_);
      throw;
    }
  }

  void put_back(const Carried &carried)
  {
    const base::Fd where = top().handle(carried.below);
    if (is_mount_top(where) && is_same(where, carried.tree))
      return; // a run that was killed did not come to tidy_up()
    host_.sys.attach(carried.tree, where, Place::on_top);
  }

  void undo_made()
  {
    if (change_.next && change_.hierarchy.is_merged())
      replace(former_);
    else if (change_.next)
      unmount_top();
    else
      attach_on_top(former_);
  }

  const base::Host &host_;
  Change change_;
  base::Fd former_;
  std::vector<Carried> carried_;
  std::vector<base::Fd> covered_;
  bool is_made_ = false;
};

} // namespace

void exchange(const base::Host &host, std::vector<Change> changes)
{
  std::vector<Step> steps;
  steps.reserve(changes.size());
  for (Change &change : changes)
    steps.emplace_back(host, std::move(change)).prepare();
  try {
    for (Step &step : steps)
      base::during(step.path(), [&] { step.make(); });
  } catch (const base::Error &) {
    std::for_each(steps.rbegin(), steps.rend(), [](Step &step) { step.undo(); });
    throw;
  }
  for (Step &step : steps)
    step.tidy_up();
}

} // namespace overlay
