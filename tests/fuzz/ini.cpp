// SPDX-License-Identifier: Apache-2.0
#include "base/ini.hpp"

#include "fuzz.hpp"

#include <algorithm>

// Each item says where it stands, and alone in a file it is read as the same.
const fuzz::Registered
    ini({"ini", {base::Kind::config}, [](std::string_view input) {
           (void)base::split_escaped(input);
           (void)base::split_quoted(input);
           const auto lines = static_cast<unsigned>(std::ranges::count(input, '\n')) + 1;
           for (const base::ConfigItem &item : base::parse_config(input, "file").items) {
             fuzz::demand(item.line >= 1 && item.line <= lines, "a line of the file is named");
             const auto alone = base::parse_config(
                 "[" + item.section + "]\n" + item.key + "=" + item.value + "\n\n", "file");
             if (item.value.ends_with('\\'))
               continue; // would go on in the next line
             fuzz::demand(alone.items.size() == 1 && alone.items[0].key == item.key,
                          "a key is read the same alone");
             fuzz::demand(alone.items[0].value == item.value, "a value is read the same alone");
           }
         }});
