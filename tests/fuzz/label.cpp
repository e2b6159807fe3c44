// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "updater/gpt_label.hpp"

#include <cstring>

// Whatever units a table has, their text can be a label and stays that text.
const fuzz::Registered
    label({"label", {}, [](std::string_view input) {
             (void)updater::label_units(input);
             updater::LabelUnits units{};
             std::memcpy(units.data(), input.data(), std::min(input.size(), sizeof units));
             const std::string text = updater::label_text(units);
             const auto again = updater::label_units(text);
             fuzz::demand(again.has_value() && updater::label_fits(text),
                          "what was read as a label fits");
             fuzz::demand(updater::label_text(*again) == text, "a label stays the same");
           }});
