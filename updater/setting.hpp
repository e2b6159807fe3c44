// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ini.hpp"
#include "base/specifier.hpp"
#include "base/uuid.hpp"
#include "updater/pattern.hpp"
#include "updater/suggest.hpp"
#include "verity/partition_type.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace updater {

/// One KEY=VALUE of a definition on its way into a field. Each reader below either sets the field
/// or leaves it as it was and adds a warning with file, line and what was expected; nothing else
/// can come of a wrong value, unless it says that it throws. An empty value takes back what was
/// set before, wherever that means something.
class Setting {
public:
  Setting(const base::ConfigItem &item,
          const base::Specifiers &specifiers,
          std::vector<std::string> &warnings)
      : item_(item), specifiers_(specifiers), warnings_(warnings)
  {
  }

  [[nodiscard]] const std::string &value() const { return item_.value; }

  void read_boolean(bool &field) const;
  void read_boolean(std::optional<bool> &field) const;
  void read_number(std::optional<std::uint64_t> &field) const;
  /// Bits of a GPT entry: "0x" and hexadecimal digits, or a decimal number.
  void read_flags(std::optional<std::uint64_t> &field) const;
  void read_mode(std::optional<mode_t> &field) const;
  void read_uuid(std::optional<base::Uuid> &field) const;
  /// At least 2: with fewer there is nothing to fall back on.
  void read_instances(std::uint64_t &field) const;

  void read_text(std::string &field) const;
  /// Adds words that may be quoted.
  void read_words(std::vector<std::string> &field) const;
  void read_version(std::string &field) const;
  void add_version(std::vector<std::string> &field) const;
  void read_url(std::string &field) const;
  void add_url(std::vector<std::string> &field) const;
  void read_path(std::string &field, bool &is_auto) const;
  void read_link(std::string &field) const;
  void read_partition_type(verity::PartitionType &field) const;
  void add_condition(Subject subject, std::vector<Condition> &field) const;

  enum class AnyDepth { allowed, refused };
  /// Adds the patterns that aren't there yet. Throws Kind::config for what is no pattern.
  void add_patterns(std::vector<Pattern> &field, AnyDepth any_depth) const;

  /// Sets the field to what `words` has for the value.
  template <typename Choice>
  void read_choice(Choice &field, std::span<const std::pair<std::string_view, Choice>> words) const
  {
    std::string known;
    for (const auto &[word, choice] : words) {
      if (word == item_.value) {
        field = choice;
        return;
      }
      known += known.empty() ? "" : ", ";
      known += word;
    }
    ignore("one of " + known);
  }

private:
  /// Adds the warning that the value was passed over.
  void ignore(std::string_view expected) const;
  [[nodiscard]] std::optional<std::string> expand(std::string_view text) const;

  const base::ConfigItem &item_;
  const base::Specifiers &specifiers_;
  std::vector<std::string> &warnings_;
};

/// http:// or https:// and something after it, in ASCII without spaces.
bool is_web_url(std::string_view text);

/// Absolute, and without "." or ".." or an empty part.
bool is_plain_path(std::string_view text);

} // namespace updater
