// SPDX-License-Identifier: Apache-2.0
#include "overlay/versioned_name.hpp"

#include "base/version.hpp"
#include "fuzz.hpp"

namespace {

/// -1, 0 or 1: greater is what is taken first.
int sign(std::strong_ordering order)
{
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

} // namespace

// The name of an extension and the entries of its .v directory, a line each: what is taken for a
// version is one, and which is the best doesn't depend on the order in which they are compared.
const fuzz::Registered
    versioned_name({"versioned_name", {}, [](std::string_view input) {
                      const auto texts = fuzz::cut(input, '\n', 12);
                      const overlay::VersionedPlace place{texts[0], texts[1], "x86-64"};
                      std::vector<overlay::VersionedName> names;
                      for (std::size_t index = 2; index < texts.size(); ++index) {
                        auto read = overlay::read_versioned_name(place, texts[index]);
                        if (const auto *misfit = std::get_if<overlay::Misfit>(&read))
                          fuzz::demand(!misfit->rule.empty() && !misfit->why.empty(),
                                       "what is no version of it has a reason");
                        else
                          names.push_back(std::get<overlay::VersionedName>(std::move(read)));
                      }
                      for (const auto &one : names) {
                        fuzz::demand(base::is_valid_version(one.version) &&
                                         one.file.find("_" + one.version) != std::string::npos,
                                     "a version is one, and stands in the name");
                        fuzz::demand(one.foreignness <= 2, "an architecture is one of three kinds");
                        for (const auto &other : names) {
                          const int order = sign(overlay::compare(one, other));
                          fuzz::demand(order == -sign(overlay::compare(other, one)),
                                       "to compare has no first and second");
                          fuzz::demand((order == 0) == (one.file == other.file),
                                       "only the same name is equal");
                          for (const auto &third : names)
                            fuzz::demand(order <= 0 || overlay::compare(other, third) <= 0 ||
                                             overlay::compare(one, third) > 0,
                                         "what is better than the better one is better");
                        }
                      }
                    }});
