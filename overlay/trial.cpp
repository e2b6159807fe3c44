// SPDX-License-Identifier: Apache-2.0
#include "overlay/trial.hpp"

#include "base/durable.hpp"
#include "base/parse.hpp"
#include "overlay/image.hpp"

#include <fmt/format.h>

namespace overlay {

namespace {

constexpr std::string_view place = "/run/strake/extensions";
constexpr std::string_view file_name = "trial";

/// "UNTIL NAME"
std::optional<Trial> parse_trial(std::string text)
{
  while (text.ends_with('\n'))
    text.pop_back();
  const std::size_t blank = text.find(' ');
  if (blank == std::string::npos)
    return std::nullopt;
  const auto until = base::parse_number(text.substr(0, blank));
  Trial trial{.name = text.substr(blank + 1)};
  if (!until || !is_valid_image_name(trial.name))
    return std::nullopt;
  trial.until = std::chrono::milliseconds(*until);
  return trial;
}

} // namespace

std::optional<Trial> read_trial(const base::Host &host)
{
  const auto text = host.root.text(fmt::format("{}/{}", place, file_name));
  return text ? parse_trial(*text) : std::nullopt;
}

std::optional<Trial> present_trial(const base::Host &host)
{
  auto trial = read_trial(host);
  if (trial && trial->until <= host.clock.monotonic())
    return std::nullopt;
  return trial;
}

void write_trial(const base::Host &host, const Trial &trial)
{
  const base::Dir dir = base::make_path(host.sys, host.root, place);
  base::replace_file(
      host.sys, dir, file_name, fmt::format("{} {}\n", trial.until.count(), trial.name));
}

void end_trial(const base::Host &host)
{
  const auto dir = host.root.find_dir(place);
  if (dir && dir->status(file_name))
    host.sys.remove(*dir, file_name, base::Remove::file);
}

} // namespace overlay
