// SPDX-License-Identifier: Apache-2.0
#include "overlay/candidate.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

TEST_SUITE_BEGIN("overlay/candidate");

namespace {

using overlay::Candidate;
using overlay::ImageKind;
using Names = std::set<std::string>;

Candidate candidate(const std::string &name, ImageKind kind, std::uint64_t changed_us)
{
  Candidate candidate;
  candidate.image.name = name;
  candidate.image.kind = kind;
  candidate.image.path = "/var/lib/extensions/" + name;
  candidate.identity.inode = 7;
  candidate.identity.changed_us = changed_us;
  return candidate;
}

} // namespace

TEST_CASE("images that the origin names and that are what they were have not changed")
{
  const std::vector<Candidate> then = {candidate("same", ImageKind::raw, 1),
                                       candidate("changed", ImageKind::raw, 1),
                                       candidate("gone", ImageKind::raw, 1),
                                       candidate("tree", ImageKind::directory, 0)};
  const std::vector<Candidate> now = {candidate("same", ImageKind::raw, 1),
                                      candidate("changed", ImageKind::raw, 2),
                                      candidate("fresh", ImageKind::raw, 1),
                                      candidate("tree", ImageKind::directory, 0)};
  const std::string origin = overlay::origin_text(then, overlay::Mutability::no, {}, {});
  CHECK(overlay::unchanged_since(origin, now) == Names{"same"});
  for (const char *text : {"", "no JSON", "[]", "{}", "{\"extensions\": [1]}"})
    CHECK(overlay::unchanged_since(text, now).empty());
}

TEST_SUITE_END();
