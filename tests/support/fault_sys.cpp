// SPDX-License-Identifier: Apache-2.0
#include "support/fault_sys.hpp"

#include "base/error.hpp"

#include <unistd.h>

namespace support {

namespace {

void write_half(const Call &call)
{
  // Past WatchedSys on purpose: this is part of the call that fails, not one more.
  const base::Bytes half = call.data.first(call.data.size() / 2);
  if (::pwrite(call.fd, half.data(), half.size(), static_cast<off_t>(call.offset)) < 0)
    base::fail_errno("cannot write half of the data");
}

} // namespace

bool FaultSys::is_hit(const Call &call, std::size_t number) const
{
  const bool is_late = fault_.when == FaultTime::for_good && number > fault_.call;
  return number == fault_.call || (is_late && changes_disk(call.kind));
}

void FaultSys::around(const Call &call, const std::function<void()> &perform)
{
  if (!is_hit(call, calls_++)) {
    perform();
    return;
  }
  if (!failed_)
    failed_ = describe(call, root_);
  if (fault_.when == FaultTime::after)
    perform();
  if (fault_.when == FaultTime::halfway && call.kind == CallKind::write)
    write_half(call);
  base::fail_os(fault_.os_error, "cannot {}", describe(call, root_));
}

} // namespace support
