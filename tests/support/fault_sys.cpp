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

void FaultSys::around(const Call &call, const std::function<void()> &perform)
{
  if (calls_++ != fault_.call) {
    perform();
    return;
  }
  failed_ = describe(call, root_);
  if (fault_.when == FaultTime::after)
    perform();
  if (fault_.when == FaultTime::halfway && call.kind == CallKind::write)
    write_half(call);
  base::fail_os(fault_.os_error, "cannot {}", *failed_);
}

} // namespace support
