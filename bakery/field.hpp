// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/yaml.hpp"
#include "base/error.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bakery {

/// The file that values are read from, for messages: each says where, which field, what was
/// expected and what to do.
class FieldReader {
public:
  explicit FieldReader(std::string file) : file_(std::move(file)) {}

  [[nodiscard]] std::string place(const Yaml &value) const { return place_of(file_, value); }

  /// Throws Kind::config: "FILE:LINE:COLUMN: FIELD: WHY".
  [[noreturn]] void fail(const Yaml &value, std::string_view field, std::string_view why) const;

  /// A text that is not empty and has no control characters.
  [[nodiscard]] std::string text(const Yaml &value, std::string_view field) const;
  /// Any text, with lines in it.
  [[nodiscard]] std::string long_text(const Yaml &value, std::string_view field) const;
  [[nodiscard]] bool boolean(const Yaml &value, std::string_view field) const;
  /// One text, or a list of them.
  [[nodiscard]] std::vector<std::string> texts(const Yaml &value, std::string_view field) const;
  /// One of these words; its index.
  [[nodiscard]] std::size_t
  word(const Yaml &value, std::string_view field, std::span<const std::string_view> words) const;
  /// The items of a list.
  [[nodiscard]] const std::vector<Yaml> &list(const Yaml &value, std::string_view field) const;
  /// The fields of a mapping.
  [[nodiscard]] const std::vector<std::pair<Yaml, Yaml>> &mapping(const Yaml &value,
                                                                  std::string_view field) const;
  /// A path without ".", "..", empty parts and a leading "/".
  [[nodiscard]] std::string relative_path(const Yaml &value, std::string_view field) const;
  /// A path that begins with "/", as one without it.
  [[nodiscard]] std::string absolute_path(const Yaml &value, std::string_view field) const;

  [[noreturn]] void fail_unknown(const Yaml &key,
                                 std::string_view object,
                                 const std::vector<std::string_view> &known) const;

private:
  std::string file_;
};

/// One field of an object, and how it is read.
template <typename T> struct Field {
  std::string_view name;
  void (*read)(T &into, const FieldReader &reader, const Yaml &value);
};

/// Reads a mapping into `into` by the table of its fields; one that is not in it is refused.
template <typename T>
void read_object(T &into,
                 const FieldReader &reader,
                 const Yaml &value,
                 std::string_view object,
                 std::span<const Field<T>> fields)
{
  for (const auto &[key, field] : reader.mapping(value, object)) {
    const Field<T> *found = nullptr;
    for (const Field<T> &each : fields)
      if (each.name == key.text)
        found = &each;
    if (found == nullptr) {
      std::vector<std::string_view> known;
      for (const Field<T> &each : fields)
        known.push_back(each.name);
      reader.fail_unknown(key, object, known);
    }
    found->read(into, reader, field);
  }
}

} // namespace bakery
