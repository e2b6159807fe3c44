// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"
#include "base/unpack.hpp"

#include <memory>

namespace base {

/// One compression library behind one face; only Decompressor uses it.
class Decoder {
public:
  enum class State { inside, ended };

  Decoder() = default;
  Decoder(const Decoder &) = delete;
  Decoder &operator=(const Decoder &) = delete;
  virtual ~Decoder() = default;

  /// Makes ready for the first byte of a member.
  virtual void start() = 0;
  /// Takes bytes off both fronts: what was read, what was written. `ended` says that the member's
  /// last byte is out and its checksum was right; nothing behind it has been taken then. A library
  /// that refuses throws Kind::untrusted.
  virtual State step(Bytes &input, MutableBytes &output) = 0;
};

/// The decoder of a compression that is not Compression::none.
std::unique_ptr<Decoder> make_decoder(Compression compression);

} // namespace base
