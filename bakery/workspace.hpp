// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/sys.hpp"
#include "base/tar.hpp"

#include <string>

namespace bakery {

/// What is taken out of an archive: the same for whoever bakes, so setuid bits and owners never are
/// (a recipe gives modes where it wants them).
inline constexpr base::TreeLimits unpack_limits{
    .size = std::uint64_t{16} << 30U, .entries = 1'000'000, .owners = base::Owners::own};

/// A directory to work in. What an earlier run left there is removed first, and it goes with the
/// object; if that fails, or the power, the next run removes it.
class Workspace {
public:
  Workspace(base::Sys &sys, const base::Dir &parent, std::string name);
  Workspace(const Workspace &) = delete;
  Workspace &operator=(const Workspace &) = delete;
  ~Workspace();

  [[nodiscard]] const base::Dir &dir() const { return dir_; }

  /// The path, for programs.
  [[nodiscard]] std::string path() const { return parent_.display(name_); }

  /// A new directory in it.
  [[nodiscard]] base::Dir make(const std::string &name) const;

private:
  base::Sys &sys_;
  base::Dir parent_;
  std::string name_;
  base::Dir dir_;
};

} // namespace bakery
