// SPDX-License-Identifier: Apache-2.0
#include "base/unpack.hpp"

#include "fuzz.hpp"

namespace {

class Collected final : public base::Sink {
public:
  std::string text;

  void write(base::Bytes data) override
  {
    text.append(reinterpret_cast<const char *>(data.data()), data.size());
  }

  void finish() override {}
};

/// What comes of the input in pieces of this size; nothing if it is refused.
std::optional<std::string> unpacked(base::Bytes input, std::size_t piece)
{
  constexpr std::size_t limit = 4096;
  Collected out;
  try {
    base::Unpacker unpacker(base::detect_compression(input), out, {.size = limit});
    for (; !input.empty(); input = input.subspan(std::min(piece, input.size())))
      unpacker.write(input.first(std::min(piece, input.size())));
    unpacker.finish();
  } catch (const base::Error &error) {
    fuzz::demand(error.kind() == base::Kind::untrusted, "damage is never trusted");
    return std::nullopt;
  }
  fuzz::demand(out.text.size() <= limit, "the limit holds");
  return std::move(out.text);
}

// All formats: limits hold, and how the stream is cut on its way changes nothing.
const fuzz::Registered unpack({"unpack", {}, [](std::string_view input) {
                                 const base::Bytes bytes = std::as_bytes(std::span(input));
                                 fuzz::demand(unpacked(bytes, bytes.size()) == unpacked(bytes, 7),
                                              "pieces do not matter");
                               }});

} // namespace
