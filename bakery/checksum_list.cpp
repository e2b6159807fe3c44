// SPDX-License-Identifier: Apache-2.0
#include "bakery/checksum_list.hpp"

#include <fmt/format.h>

namespace bakery {

namespace {

std::string best_before_name(std::chrono::sys_days day)
{
  const std::chrono::year_month_day date(day);
  return fmt::format("BEST-BEFORE-{:04}-{:02}-{:02}",
                     static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

} // namespace

std::string checksum_list(const Checksums &files, std::optional<std::chrono::sys_days> best_before)
{
  Checksums lines = files;
  if (best_before)
    lines.emplace(best_before_name(*best_before), verity::digest_of({}));
  std::string text;
  for (const auto &[name, digest] : lines)
    text += fmt::format("{} *{}\n", verity::hex(digest), name);
  return text;
}

} // namespace bakery
