// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "verity/gpt_label.hpp"

#include <cstring>

// Whatever units a table has, their text can be a label and stays that text.
const fuzz::Registered
    label({"label", {}, [](std::string_view input) {
             (void)verity::label_units(input);
             verity::LabelUnits units{};
             std::memcpy(units.data(), input.data(), std::min(input.size(), sizeof units));
             const std::string text = verity::label_text(units);
             const auto again = verity::label_units(text);
             fuzz::demand(again.has_value() && verity::label_fits(text),
                          "what was read as a label fits");
             fuzz::demand(verity::label_text(*again) == text, "a label stays the same");
           }});
