// SPDX-License-Identifier: Apache-2.0
#include "bakery/elf.hpp"

#include "fuzz.hpp"

#include <algorithm>

// Whatever an ELF file says of itself, it is read within its bounds, and paths are not empty.
const fuzz::Registered
    elf({"elf", {base::Kind::io}, [](std::string_view input) {
           const fuzz::Scratch scratch;
           scratch.write("program", input);
           const auto read = bakery::read_elf(scratch.dir().file("program"));
           if (!read)
             return;
           fuzz::demand(read->interpreter.find('\0') == std::string::npos,
                        "an interpreter is a path");
           fuzz::demand(std::none_of(read->paths.begin(),
                                     read->paths.end(),
                                     [](const std::string &path) { return path.empty(); }),
                        "paths are not empty");
         }});
