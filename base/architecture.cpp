// SPDX-License-Identifier: Apache-2.0
#include "base/architecture.hpp"

#include <algorithm>
#include <array>

namespace base {

namespace {

constexpr std::array<std::string_view, 33> architectures = {
    "alpha",     "arc",     "arc-be",      "arm",      "arm-be", "arm64",   "arm64-be",
    "cris",      "ia64",    "loongarch64", "m68k",     "mips",   "mips-le", "mips64",
    "mips64-le", "nios2",   "parisc",      "parisc64", "ppc",    "ppc-le",  "ppc64",
    "ppc64-le",  "riscv32", "riscv64",     "s390",     "s390x",  "sh",      "sh64",
    "sparc",     "sparc64", "tilegx",      "x86",      "x86-64"};

} // namespace

bool is_architecture(std::string_view word)
{
  return std::find(architectures.begin(), architectures.end(), word) != architectures.end();
}

} // namespace base
