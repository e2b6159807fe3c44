// SPDX-License-Identifier: Apache-2.0
#include "support/call_faults.hpp"

#include "base/error.hpp"

#include <doctest/doctest.h>

#include <cerrno>

namespace support {

void fail_each_call(const std::function<void(const TempRoot &root)> &prepare,
                    const std::function<void(base::Sys &sys, const base::Dir &root)> &run,
                    const Oracle &judge,
                    const std::vector<FaultTime> &ways)
{
  for (const FaultTime when : ways)
    for (std::size_t call = 0;; ++call) {
      const TempRoot root(Storage::memory, {});
      prepare(root);
      FaultSys sys(root.dir(), {.call = call, .os_error = EIO, .when = when});
      Finished finished = Finished::yes;
      try {
        run(sys, root.dir());
      } catch (const base::Error &) {
        finished = Finished::no;
      }
      CAPTURE(sys.failed().value_or("nothing"));
      CHECK(judge(root.dir(), finished) == "");
      if (call >= sys.calls())
        break;
    }
}

} // namespace support
