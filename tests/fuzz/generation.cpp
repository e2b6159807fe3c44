// SPDX-License-Identifier: Apache-2.0
#include "overlay/generation.hpp"

#include "fuzz.hpp"
#include "overlay/difference.hpp"

// A record of a generation: it is refused whole, or written and read back as what it is, and it is
// the same set as itself.
const fuzz::Registered generation({"generation", {}, [](std::string_view input) {
                                     const auto read =
                                         overlay::parse_generation(std::string(input));
                                     if (!read)
                                       return;
                                     const std::string text = text_of(*read);
                                     const auto again = overlay::parse_generation(text);
                                     fuzz::demand(again.has_value(), "what was written is read");
                                     fuzz::demand(text_of(*again) == text, "and is the same");
                                     fuzz::demand(is_same_set(*read, *again), "and the same set");
                                     fuzz::demand(overlay::differences(*read, *again).empty(),
                                                  "without a difference");
                                   }});
