// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "overlay/candidate.hpp"
#include "overlay/hierarchy.hpp"

#include <algorithm>

namespace {

/// The work directory is removed with all that is in it, so it must not lie elsewhere.
bool stays_beneath(const std::string &path)
{
  const std::string parts = "/" + path + "/";
  return !path.empty() && parts.find("//") == std::string::npos &&
         parts.find("/./") == std::string::npos && parts.find("/../") == std::string::npos;
}

} // namespace

// What a merged hierarchy says of itself, four files cut at NUL bytes, is taken as it stands or
// refused, and is what another run has merged only if it says so in JSON.
const fuzz::Registered merged(
    {"merged", {base::Kind::config}, [](std::string_view input) {
       const overlay::Class own = overlay::Class::sysext;
       const std::string metadata(overlay::facts(own).metadata);
       const auto texts = fuzz::cut(input, '\0', 4);
       const fuzz::Scratch scratch;
       scratch.write(metadata + "/" + std::string(overlay::facts(own).plural), texts[0]);
       scratch.write(metadata + "/origin", texts[1]);
       scratch.write(metadata + "/strake-stamp", texts[2]);
       if (!texts[3].empty())
         scratch.write(metadata + "/work_dir", texts[3]);
       const overlay::Hierarchy hierarchy{.path = "/usr", .place = "/usr", .top = scratch.dir()};
       const overlay::Merged found = overlay::read_merged(hierarchy, own);
       for (const std::string &name : found.extensions)
         fuzz::demand(!name.empty() && name.find('\n') == std::string::npos,
                      "the name of an extension is a line");
       fuzz::demand(found.origin == texts[1] && !found.stamp.ends_with('\n'),
                    "the rest is what was written");
       fuzz::demand(found.work_dir.has_value() == !texts[3].empty() &&
                        stays_beneath(found.work_dir.value_or("work")),
                    "a work directory lies beneath the root");
       const std::string ours = overlay::origin_text({}, overlay::Mutability::no, {}, std::nullopt);
       fuzz::demand(overlay::same_origin(found.origin, ours) ==
                        overlay::same_origin(ours, found.origin),
                    "to compare has no first and second");
     }});
