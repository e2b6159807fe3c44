// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_entry.hpp"

#include "fuzz.hpp"

// The first line is the name of a file, the rest its text. Any name gives itself again, and no
// entry comes before itself.
const fuzz::Registered
    boot_entry({"boot_entry", {}, [](std::string_view input) {
                  const std::size_t end = std::min(input.find('\n'), input.size());
                  const std::string_view file = input.substr(0, end);
                  const auto name = handoff::parse_boot_name(file, ".conf");
                  if (!name)
                    return;
                  fuzz::demand(handoff::text_of(*name) == file, "the name is written as it was");
                  const auto entry = handoff::parse_text_entry(*name, input.substr(end));
                  fuzz::demand(!handoff::comes_before(entry, entry),
                               "no entry comes before itself");
                  for (const handoff::RootHash &hash : handoff::root_hashes(entry.options))
                    fuzz::demand(entry.options.find(hash.option + "=") != std::string::npos,
                                 "a hash is on the command line");
                }});
