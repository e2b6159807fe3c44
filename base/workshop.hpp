// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/handles.hpp"

#include <cstdint>
#include <functional>
#include <set>

namespace base {

/// Mounts that nobody else sees. To kernels before 6.15 a mount that hangs nowhere can be attached,
/// and nothing else: it can be no layer of an overlay, nor be copied, nor mounted on. Here it is
/// hung up for that. It stays until the object ends, and to all who have it open it is what it was;
/// but attached elsewhere can only be a copy of it.
class Workshop {
public:
  /// The floor, a tmpfs that hangs nowhere, is where everything is hung up.
  explicit Workshop(Dir floor) : floor_(std::move(floor)) {}

  /// Does the work in a thread that has these mounts as its own; throws what it throws.
  void run(const std::function<void()> &work);

  /// In run(): hangs up the mount that holds this, if it does not hang here yet. Throws with
  /// os_error() EINVAL if it is attached elsewhere.
  void hang_up(const Fd &inside);

  /// Whether the mount that holds this hangs here.
  [[nodiscard]] bool has(const Fd &inside) const;

private:
  void enter();

  Dir floor_;
  Fd mounts_; ///< the namespace; none before the first run
  std::set<std::uint64_t> hung_;
};

} // namespace base
