// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"

namespace base {

/// Takes a stream of bytes, piece by piece.
class Sink {
public:
  Sink() = default;
  Sink(const Sink &) = delete;
  Sink &operator=(const Sink &) = delete;
  virtual ~Sink() = default;

  virtual void write(Bytes data) = 0;
  /// Says that the stream is whole; a sink that expected more throws.
  virtual void finish() = 0;
};

} // namespace base
