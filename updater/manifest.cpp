// SPDX-License-Identifier: Apache-2.0
#include "updater/manifest.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace updater {

namespace {

using base::Kind;

constexpr std::size_t digest_length = 64;
constexpr std::size_t shortest_line = digest_length + 3; // two separators and one letter

bool is_space(char character)
{
  return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

bool is_hex(char character)
{
  return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f') ||
         (character >= 'A' && character <= 'F');
}

/// The length of the UTF-8 character at the start of `text`, or 0 if there is none. Overlong
/// forms, surrogates and C1 controls (which terminals obey) count as none.
std::size_t character_length(std::string_view text)
{
  const auto byte = [text](std::size_t n) {
    return n < text.size() ? static_cast<unsigned char>(text[n]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80)
    return first != 0 ? 1 : 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4)
    return 0;
  for (std::size_t n = 1; n < length; ++n)
    if ((byte(n) & 0xc0U) != 0x80)
      return 0;
  const unsigned second = byte(1);
  const bool wrong = (first == 0xc2 && second < 0xa0) || (first == 0xe0 && second < 0xa0) ||
                     (first == 0xed && second >= 0xa0) || (first == 0xf0 && second < 0x90) ||
                     (first == 0xf4 && second >= 0x90);
  return wrong ? 0 : length;
}

/// Why this name may not stand in a manifest; empty if it may.
std::string_view name_problem(std::string_view name)
{
  if (name.empty())
    return "Invalid filename: it is empty";
  if (name.size() > 1024)
    return "Invalid filename: it is longer than 1024 bytes";
  if (name.find('%') != std::string_view::npos)
    return "Invalid filename: it has a \"%\", by which it could mean another one in a URL";
  for (std::string_view rest = name; !rest.empty();) {
    const std::size_t length = character_length(rest);
    if (length == 0)
      return "Invalid filename: it is not UTF-8 or has control characters";
    if (length == 1 && (rest.front() < ' ' || rest.front() == '\x7f'))
      return "Invalid filename: it has control characters";
    rest.remove_prefix(length);
  }
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (part.empty() || part == "." || part == ".." || part.size() > 255)
      return "Invalid filename: it is not a normal path below the manifest";
    start = end + 1;
  }
  return {};
}

[[noreturn]] void refuse(std::size_t line, std::string_view problem)
{
  base::fail(
      Kind::untrusted, "SHA256SUMS, line {}: {}; the whole manifest is refused", line, problem);
}

/// The hash as sysupdate reads it, which tells a hash that is too short from one that is no hex:
/// white space within the 64 characters does not count.
verity::Sha256 read_digest(std::string_view field, std::size_t line)
{
  std::string digits(field);
  std::erase_if(digits, is_space);
  if (digits.size() % 2 != 0 || !std::all_of(digits.begin(), digits.end(), is_hex))
    refuse(line, "expected 64 hex digits");
  // These words are what the field's tests look for.
  if (digits.size() != digest_length)
    base::fail(Kind::untrusted,
               "Manifest hash at line {} decoded to {} bytes, expected 32; the whole manifest is "
               "refused",
               line,
               digits.size() / 2);
  return *verity::parse_sha256(digits);
}

ManifestEntry read_line(std::string_view text, std::size_t line)
{
  if (text.starts_with('\\'))
    refuse(line, "escaped file names are not supported");
  if (text.size() < shortest_line)
    refuse(line, "expected 64 hex digits, a blank, a blank or \"*\", and a file name");
  const verity::Sha256 digest = read_digest(text.substr(0, digest_length), line);
  if (text[digest_length] != ' ')
    refuse(line, "expected a blank after the hash");
  const char mode = text[digest_length + 1];
  if (mode != ' ' && mode != '*')
    refuse(line, "expected a blank or \"*\" before the file name");
  const std::string_view name = text.substr(digest_length + 2);
  if (const std::string_view problem = name_problem(name); !problem.empty())
    refuse(line, problem);
  return {std::string(name), digest};
}

std::optional<unsigned> number(std::string_view text)
{
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

constexpr std::string_view best_before_prefix = "BEST-BEFORE-";

std::chrono::sys_days read_best_before(std::string_view name, std::size_t line)
{
  const std::string_view date = name.substr(best_before_prefix.size());
  if (date.size() == 10 && date[4] == '-' && date[7] == '-') {
    const auto year = number(date.substr(0, 4));
    const auto month = number(date.substr(5, 2));
    const auto day = number(date.substr(8, 2));
    if (year && month && day) {
      const std::chrono::year_month_day read{std::chrono::year(static_cast<int>(*year)),
                                             std::chrono::month(*month),
                                             std::chrono::day(*day)};
      if (read.ok())
        return read;
    }
  }
  // Not a warning: whoever signed it wanted an end, and an unreadable one would be none.
  refuse(line, fmt::format("\"{}\" is not a day written as BEST-BEFORE-YYYY-MM-DD", name));
}

bool looks_like_web_page(std::string_view text)
{
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  return text.starts_with('<');
}

class Reading {
public:
  void add(ManifestEntry entry, std::size_t line)
  {
    if (entry.name.starts_with(best_before_prefix)) {
      const auto day = read_best_before(entry.name, line);
      manifest_.best_before = std::min(day, manifest_.best_before.value_or(day));
      return;
    }
    const auto [known, is_new] = digests_.emplace(entry.name, entry.sha256);
    if (!is_new && known->second != entry.sha256)
      refuse(line, fmt::format("\"{}\" has another hash in an earlier line", entry.name));
    if (is_new)
      manifest_.entries.push_back(std::move(entry));
  }

  Manifest done() { return std::move(manifest_); }

private:
  Manifest manifest_;
  std::map<std::string, verity::Sha256> digests_;
};

} // namespace

Manifest parse_manifest(std::string_view text)
{
  if (looks_like_web_page(text))
    base::fail(Kind::network,
               "this is not a SHA256SUMS manifest (it looks like a web page: is there a login or "
               "a captive portal on the way, or is the URL not that of a repository?)");
  Reading reading;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos)
      refuse(line, "it does not end with a line end, so the manifest may be cut short");
    reading.add(read_line(text.substr(0, end), line), line);
    text.remove_prefix(end + 1);
  }
  return reading.done();
}

void check_freshness(const Manifest &manifest, std::chrono::sys_seconds now, Freshness freshness)
{
  if (freshness == Freshness::ignored || !manifest.best_before || now < *manifest.best_before)
    return;
  const std::chrono::year_month_day day(*manifest.best_before);
  base::fail(Kind::stale,
             "the manifest was best before {:04}-{:02}-{:02}, so newer versions may be kept from "
             "this machine; the publisher must sign a new one",
             static_cast<int>(day.year()),
             static_cast<unsigned>(day.month()),
             static_cast<unsigned>(day.day()));
}

} // namespace updater
