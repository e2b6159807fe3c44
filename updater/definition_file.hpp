// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/error.hpp"
#include "base/ini.hpp"
#include "base/specifier.hpp"
#include "updater/setting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace updater {

/// What every kind of definition file is read with.
struct FileReader {
  const base::Dir &root;
  const std::vector<std::string> &directories; ///< the search path
  const base::Specifiers &specifiers;
  std::vector<std::string> &warnings;
};

/// One key of a kind of definition, and the field that it sets.
template <typename Definition> struct KeyRow {
  std::string_view section;
  std::string_view key;
  void (*read)(const Setting &setting, Definition &definition);
};

/// For each "Section.Key" that was there, the last of them; to name the place of what is wrong
/// with the whole.
using KeyPlaces = std::map<std::string, base::ConfigItem>;

/// Reads a file and its drop-ins by a table. Unknown sections and keys are warned of and passed
/// over, so that definitions can use what is newer; those that begin with "X-" silently, but
/// for "X-Strake-", where it throws Kind::config.
template <typename Definition>
KeyPlaces read_keys(const FileReader &reader,
                    const std::string &name,
                    std::span<const KeyRow<Definition>> rows,
                    Definition &definition)
{
  base::Config config = base::read_config(reader.root, reader.directories, name);
  std::move(config.warnings.begin(), config.warnings.end(), std::back_inserter(reader.warnings));
  KeyPlaces places;
  for (const base::ConfigItem &item : config.items) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const KeyRow<Definition> &each) {
      return each.section == item.section && each.key == item.key;
    });
    // Our own keys say who is trusted, so that none of them may be passed over.
    if (row == rows.end() && item.key.starts_with("X-Strake-"))
      base::fail(base::Kind::config,
                 "{}: [{}] {}= is not known; see strake.transfer(5)",
                 item.place(),
                 item.section,
                 item.key);
    if (row == rows.end() && (item.section.starts_with("X-") || item.key.starts_with("X-")))
      continue;
    if (row == rows.end()) {
      reader.warnings.push_back(fmt::format(
          "{}: [{}] {}= is not known and was ignored", item.place(), item.section, item.key));
      continue;
    }
    row->read(Setting(item, reader.specifiers, reader.warnings), definition);
    places.insert_or_assign(item.section + "." + item.key, item);
  }
  return places;
}

} // namespace updater
