// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bakery {

/// What an ELF file says of itself to the dynamic linker.
struct Elf {
  unsigned machine = 0;              ///< EM_X86_64, …
  std::string interpreter{};         ///< "/lib64/ld-linux-x86-64.so.2"; "" for none
  std::string name{};                ///< DT_SONAME
  std::vector<std::string> needed{}; ///< DT_NEEDED, in order
  std::vector<std::string> paths{};  ///< DT_RUNPATH, else DT_RPATH, as they stand

  bool operator==(const Elf &) const = default;
};

/// Reads it; nothing if this is no ELF file, or a broken one.
std::optional<Elf> read_elf(const base::Fd &file);

/// The machine of an architecture, as systemd calls it; nothing if it is not known here.
std::optional<unsigned> elf_machine(const std::string &architecture);

/// True for what belongs to the C library, which has to be that of the system whose loader it is.
bool is_of_c_library(const std::string &library);

} // namespace bakery
