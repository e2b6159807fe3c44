// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/sys.hpp"
#include "handoff/reset_survey.hpp"

#include <optional>
#include <string>
#include <vector>

namespace handoff {

/// Removes things of one file system, with all that is below them: what is immutable too, symlinks
/// without following them, and nothing that is mounted there, which throws Kind::busy. What was
/// removed of something that could not be removed as a whole is gone; once more goes on.
/// Nothing is durable before the caller syncs the file system.
class ResetRemoval {
public:
  /// `top` is a directory of that file system, in which what lies too deep is put on the way.
  ResetRemoval(base::Sys &sys, const base::Dir &top) : sys_(sys), top_(top) {}

  /// Nothing there is no failure.
  void entry(const base::Dir &dir, const std::string &name);

private:
  void one(const base::Dir &dir, const std::string &name, int depth);
  void directory(const base::Dir &dir, const std::string &name, int depth);
  void lift(const base::Dir &dir, const std::string &name);

  base::Sys &sys_;
  const base::Dir &top_;
  std::vector<std::string> lifted_; ///< names in the top
};

/// Lets something be renamed and removed that is immutable or append-only.
void let_change(base::Sys &sys,
                const base::Dir &dir,
                const std::string &name,
                const ResetEntry &entry);

} // namespace handoff
