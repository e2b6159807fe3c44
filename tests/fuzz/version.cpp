// SPDX-License-Identifier: Apache-2.0
#include "base/version.hpp"

#include "fuzz.hpp"

// Three versions, one a line, are in one order whichever way they are asked about.
const fuzz::Registered
    version({"version", {}, [](std::string_view input) {
               const auto all = fuzz::cut(input, '\n', 3);
               for (const std::string &one : all)
                 for (const std::string &other : all) {
                   const auto order = base::compare_versions(one, other);
                   fuzz::demand(order == 0 || one != other, "a version equals itself");
                   fuzz::demand((order < 0) == (base::compare_versions(other, one) > 0),
                                "the order is the same from both sides");
                   for (const std::string &third : all)
                     if (order <= 0 && base::compare_versions(other, third) <= 0)
                       fuzz::demand(base::compare_versions(one, third) <= 0,
                                    "the order is transitive");
                 }
             }});
