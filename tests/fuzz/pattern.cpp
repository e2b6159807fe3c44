// SPDX-License-Identifier: Apache-2.0
#include "updater/pattern.hpp"

#include "base/version.hpp"
#include "fuzz.hpp"

// A pattern and a path, cut at the first line end: what a pattern names, it reads back the same.
const fuzz::Registered pattern(
    {"pattern", {base::Kind::config}, [](std::string_view input) {
       const auto texts = fuzz::cut(input, '\n', 2);
       const updater::Pattern parsed = updater::Pattern::parse(texts[0]);
       (void)parsed.leads_into(texts[1]);
       const auto found = parsed.match(texts[1]);
       if (!found)
         return;
       fuzz::demand(base::is_valid_version(found->version), "a version that was found is one");
       const updater::Pattern named = parsed.without_any_depth();
       const std::string name = named.format(*found);
       fuzz::demand(named.match(name) == found, "a name is read back as what it was made of");
       fuzz::demand(named.format(*found) == name, "one instance has one name");
     }});
