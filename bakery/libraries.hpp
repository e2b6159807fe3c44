// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/gather.hpp"
#include "bakery/recipe.hpp"
#include "base/host.hpp"

#include <string>
#include <vector>

namespace bakery {

/// A shared library of a source.
struct Library {
  std::string name; ///< by which it is needed: "libjq.so.1"
  base::Fd file;
};

/// The libraries that the ELF file of a placement needs, and those that these need, as far as the
/// sources have them; sorted by name. Those of the C library never are among them, since they have
/// to fit the system's loader. Throws Kind::config if the placement is no ELF file.
std::vector<Library> needed_libraries(const std::vector<Gathered> &sources,
                                      const Placement &placement);

/// Has the ELF files whose libraries lie where no loader looks by itself say where: by patchelf.
void set_library_paths(const base::Host &host,
                       const Recipe &recipe,
                       const std::vector<Gathered> &sources,
                       const base::Dir &tree);

} // namespace bakery
