// SPDX-License-Identifier: Apache-2.0
#include "overlay/mount_table.hpp"

#include "fuzz.hpp"

#include <algorithm>

namespace {

void check_submounts(const std::vector<overlay::MountLine> &table, const overlay::MountLine &line)
{
  const auto places = overlay::submounts(table, line.id, line.target);
  fuzz::demand(std::ranges::is_sorted(places) && std::ranges::adjacent_find(places) == places.end(),
               "each place is named once");
  for (const std::string &place : places) {
    fuzz::demand(!place.empty(), "a place is below the mount");
    const std::string full = (line.target == "/" ? "" : line.target) + "/" + place;
    fuzz::demand(std::ranges::any_of(table,
                                     [&](const overlay::MountLine &other) {
                                       return other.parent == line.id && other.target == full;
                                     }),
                 "something is mounted there");
    for (const std::string &other : places)
      fuzz::demand(!other.starts_with(place + "/"), "no place lies below another one");
  }
}

} // namespace

// Any table of mounts, even one whose mounts are their own parents, is read to its end or refused.
const fuzz::Registered
    mount_table({"mount_table", {base::Kind::io}, [](std::string_view input) {
                   const auto table = overlay::parse_mount_table(std::string(input));
                   for (const overlay::MountLine &line : table) {
                     fuzz::demand(overlay::stacked(table, line.id, line.source) <= table.size(),
                                  "no mount is counted twice");
                     check_submounts(table, line);
                   }
                 }});
