// SPDX-License-Identifier: Apache-2.0
#include "updater/handed_over.hpp"

#include "base/durable.hpp"
#include "updater/state.hpp"

namespace updater {

namespace {

constexpr const char *file_name = "handed-over";

} // namespace

void note_handed_over(base::Sys &sys, const base::Dir &state, const std::string &version)
{
  base::replace_file(sys, state, file_name, version + "\n");
}

std::string handed_over(const base::Host &host)
{
  const auto state = find_state(host);
  const std::string text = state ? state->text(file_name).value_or("") : "";
  return text.substr(0, text.find('\n'));
}

} // namespace updater
