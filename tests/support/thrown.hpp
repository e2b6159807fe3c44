// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"

#include <doctest/doctest.h>

namespace support {

/// The kind of the error that `body` throws; the test ends, failed, if it throws none.
template <typename Body> base::Kind kind_of(Body &&body)
{
  try {
    body();
  } catch (const base::Error &error) {
    return error.kind();
  }
  FAIL("nothing was thrown");
  return base::Kind::internal;
}

} // namespace support
