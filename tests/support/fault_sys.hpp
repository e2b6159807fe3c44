// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/watched_sys.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace support {

/// When in a call the fault comes. A failed call may have done nothing, all, or half of its work.
enum class FaultTime {
  before,
  after,
  halfway,  ///< of a write; for the other calls the same as `before`
  for_good, ///< `before`, and so does each later call that changes what is on disk, as if it were
            ///< full or had become read-only
};

struct Fault {
  std::size_t call = 0; ///< counted from 0
  int os_error = 0;
  FaultTime when = FaultTime::before;
};

/// Does everything for real, but lets one call fail, or all from one on.
class FaultSys final : public WatchedSys {
public:
  FaultSys(const base::Dir &root, Fault fault) : root_(root.path()), fault_(fault) {}

  /// How many calls were made; a run without a fault says how many places there are for one.
  [[nodiscard]] std::size_t calls() const { return calls_; }

  /// The call that failed, as one line; nothing if the run never came that far.
  [[nodiscard]] const std::optional<std::string> &failed() const { return failed_; }

private:
  void around(const Call &call, const std::function<void()> &perform) override;
  [[nodiscard]] bool is_hit(const Call &call, std::size_t number) const;

  std::string root_;
  Fault fault_;
  std::size_t calls_ = 0;
  std::optional<std::string> failed_;
};

} // namespace support
