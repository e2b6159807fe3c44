// SPDX-License-Identifier: Apache-2.0
// What libFuzzer calls; one target is linked to it.
#include "fuzz.hpp"

#include <cstdint>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t *data, std::size_t size, std::size_t largest);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
  fuzz::feed(fuzz::targets().front(), {reinterpret_cast<const char *>(data), size});
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t *data,
                                               std::size_t size,
                                               std::size_t largest,
                                               unsigned /*seed*/)
{
  const std::size_t changed = LLVMFuzzerMutate(data, size, largest);
  if (const auto mend = fuzz::targets().front().mend)
    mend({reinterpret_cast<char *>(data), changed});
  return changed;
}
