// SPDX-License-Identifier: Apache-2.0
#include "base/os_release.hpp"

#include "base/specifier.hpp"
#include "fuzz.hpp"

// os-release, machine-info and the machine id of an image, and a text that uses them.
const fuzz::Registered
    os_release({"os_release", {base::Kind::config}, [](std::string_view input) {
                  const fuzz::Scratch scratch;
                  for (const char *name : {"etc/os-release", "etc/machine-info", "etc/machine-id"})
                    scratch.write(name, input);
                  const base::Specifiers specifiers = base::read_specifiers(fuzz::host_in(scratch));
                  for (const auto &[name, value] : base::parse_assignments(input))
                    fuzz::demand(!name.empty() && name.find_first_of(" =\n") == std::string::npos,
                                 "a variable has a name");
                  char missing = '\0';
                  const auto expanded = base::expand_specifiers(input, specifiers, &missing);
                  fuzz::demand(expanded.has_value() == (missing == '\0'),
                               "a text is expanded, or it is said why not");
                  fuzz::demand(input.find('%') != input.npos || expanded == input,
                               "a text without % stays as it is");
                }});
