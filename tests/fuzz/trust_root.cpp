// SPDX-License-Identifier: Apache-2.0
#include "verity/trust_root.hpp"

#include "fuzz.hpp"

// What is accepted is written and read again as the same; a text is signed by nobody it does not
// have a signature of.
const fuzz::Registered
    trust_root({"trust_root", {base::Kind::untrusted}, [](std::string_view input) {
                  const auto root = verity::parse_trust_root(input, "root.json");
                  fuzz::demand(verity::parse_trust_root(verity::text_of(root), "again") == root,
                               "it is read as it was written");
                  fuzz::demand(verity::refusal_of(input, input, root.root).has_value(),
                               "nobody signed what has no signatures");
                }});
