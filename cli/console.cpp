// SPDX-License-Identifier: Apache-2.0
#include "cli/console.hpp"

#include "cli/symbols.hpp"

#include <array>
#include <cstdio>

namespace cli {

namespace {

using base::Level;

struct LevelRow {
  Level level;
  const char *name;
  int priority; ///< of syslog(3)
};

constexpr std::array levels = {LevelRow{Level::debug, "debug", 7},
                               LevelRow{Level::info, "info", 6},
                               LevelRow{Level::notice, "notice", 5},
                               LevelRow{Level::warning, "warning", 4},
                               LevelRow{Level::error, "err", 3}};

int priority(Level level)
{
  for (const LevelRow &row : levels)
    if (row.level == level)
      return row.priority;
  return levels.back().priority;
}

int highest_shown(const std::map<std::string, std::string> &environment)
{
  const auto set = environment.find("SYSTEMD_LOG_LEVEL");
  if (set != environment.end())
    for (const LevelRow &row : levels)
      if (set->second == row.name || set->second == std::to_string(row.priority))
        return row.priority;
  return priority(Level::info);
}

} // namespace

base::Log console(const std::map<std::string, std::string> &environment)
{
  const int highest = highest_shown(environment);
  const bool is_journal = environment.contains("JOURNAL_STREAM");
  const Charset charset = charset_of(environment);
  return [highest, is_journal, charset](Level level, std::string_view message) {
    if (priority(level) > highest)
      return;
    const std::string line = (is_journal ? fmt::format("<{}>", priority(level)) : "") +
                             shown(std::string(message), charset) + "\n";
    (void)std::fwrite(line.data(), 1, line.size(), stderr);
  };
}

} // namespace cli
