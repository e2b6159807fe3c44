// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_entry.hpp"

#include "base/os_release.hpp"
#include "base/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <sstream>

namespace handoff {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text)
{
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

void append(std::string &text, std::string_view more)
{
  if (!text.empty())
    text += ' ';
  text += more;
}

void take(BootEntry &entry, std::string_view key, std::string_view value)
{
  const std::map<std::string_view, std::string BootEntry::*> single = {
      {"title", &BootEntry::title},
      {"version", &BootEntry::version},
      {"machine-id", &BootEntry::machine_id},
      {"sort-key", &BootEntry::sort_key},
      {"architecture", &BootEntry::architecture},
      {"linux", &BootEntry::program},
      {"efi", &BootEntry::program},
      {"uki", &BootEntry::program}};
  constexpr std::array files = {"initrd", "devicetree", "extra"};
  const auto found = single.find(key);
  if (found != single.end())
    entry.*found->second = value;
  else if (key == "options")
    append(entry.options, value);
  else if (std::find(files.begin(), files.end(), key) != files.end())
    entry.needs.emplace_back(value);
  else if (key == "devicetree-overlay") {
    std::istringstream overlays{std::string(value)};
    for (std::string overlay; overlays >> overlay;)
      entry.needs.push_back(overlay);
  }
}

/// The first of these that is there.
std::string first_of(const std::map<std::string, std::string> &fields,
                     std::initializer_list<const char *> keys)
{
  for (const char *key : keys)
    if (const auto found = fields.find(key); found != fields.end() && !found->second.empty())
      return found->second;
  return {};
}

std::uint64_t tries_left(const BootEntry &entry)
{
  return entry.name.tries ? entry.name.tries->left : std::numeric_limits<std::uint64_t>::max();
}

/// Less than zero if `one` comes before; the later ones decide where the former do not.
int order(std::initializer_list<int> decisions)
{
  for (const int decision : decisions)
    if (decision != 0)
      return decision;
  return 0;
}

int newest_first(const std::string &one, const std::string &other)
{
  const auto compared = base::compare_versions(one, other);
  return compared > 0 ? -1 : compared < 0 ? 1 : 0;
}

int by_sort_key(const BootEntry &one, const BootEntry &other)
{
  if (one.sort_key.empty() || other.sort_key.empty())
    return static_cast<int>(one.sort_key.empty()) - static_cast<int>(other.sort_key.empty());
  return order({one.sort_key.compare(other.sort_key),
                one.machine_id.compare(other.machine_id),
                newest_first(one.version, other.version)});
}

int by_tries(const BootEntry &one, const BootEntry &other)
{
  const std::uint64_t mine = tries_left(one);
  const std::uint64_t theirs = tries_left(other);
  if (mine != theirs)
    return mine > theirs ? -1 : 1;
  const std::uint64_t done = one.name.tries ? one.name.tries->done : 0;
  const std::uint64_t done_there = other.name.tries ? other.name.tries->done : 0;
  return done < done_there ? -1 : done > done_there ? 1 : 0;
}

} // namespace

std::string_view name(BootEntryType type)
{
  constexpr std::array names = {"type1", "type2", "gpt"};
  return names.at(static_cast<std::size_t>(type));
}

BootEntry parse_text_entry(const BootName &name, std::string_view text)
{
  BootEntry entry{.type = BootEntryType::text, .name = name};
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::string_view content = trimmed(line);
    if (content.empty() || content.front() == '#')
      continue;
    const std::size_t end = std::min(content.find_first_of(blanks), content.size());
    if (const std::string_view value = trimmed(content.substr(end)); !value.empty())
      take(entry, content.substr(0, end), value);
  }
  return entry;
}

ReleaseNames names_of(const std::map<std::string, std::string> &release)
{
  return {first_of(release, {"PRETTY_NAME", "IMAGE_ID", "NAME", "ID"}),
          first_of(release, {"IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID"}),
          first_of(release, {"IMAGE_ID", "ID"})};
}

BootEntry describe(const BootName &name, const UnifiedImage &image)
{
  BootEntry entry{.type = BootEntryType::unified, .name = name};
  const auto text_of = [&](const char *section) {
    const auto found = image.texts.find(section);
    return found == image.texts.end() ? std::string() : found->second;
  };
  ReleaseNames names = names_of(base::parse_assignments(text_of(".osrel")));
  entry.title = std::move(names.title);
  entry.version = std::move(names.version);
  entry.sort_key = std::move(names.sort_key);
  std::string options = text_of(".cmdline");
  std::replace(options.begin(), options.end(), '\n', ' ');
  entry.options = trimmed(options);
  return entry;
}

bool comes_before(const BootEntry &one, const BootEntry &other)
{
  return order({static_cast<int>(tries_left(one) == 0) - static_cast<int>(tries_left(other) == 0),
                by_sort_key(one, other),
                newest_first(one.name.id, other.name.id),
                by_tries(one, other)}) < 0;
}

std::vector<RootHash> root_hashes(std::string_view options)
{
  std::vector<RootHash> hashes;
  std::istringstream words{std::string(options)};
  for (std::string word; words >> word;)
    for (const std::string option : {"roothash", "usrhash"})
      if (word.starts_with(option + "="))
        if (const auto hash =
                verity::parse_sha256(std::string_view(word).substr(option.size() + 1)))
          hashes.push_back({option, *hash});
  return hashes;
}

} // namespace handoff
