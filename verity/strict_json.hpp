// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace verity {

struct JsonLimits {
  std::size_t bytes;
  int depth; ///< of objects and arrays in one another
};

/// The document, of which one thing only can be meant: no field is there twice, and nothing
/// follows. Throws Kind::untrusted with the place for all else. What a hostile text may cost is
/// bounded before it is read.
nlohmann::json
parse_strict_json(std::string_view text, const std::string &file, const JsonLimits &limits);

/// A value in a document, which it must not outlive, and the way to it. What is not as it was
/// expected throws Kind::untrusted with the file, the JSON pointer (RFC 6901) and what was
/// expected.
class JsonPlace {
public:
  JsonPlace(const nlohmann::json &document, const std::string &file);

  /// A field of this object, which has to be there.
  [[nodiscard]] JsonPlace at(const char *key) const;
  [[nodiscard]] std::optional<JsonPlace> find(const char *key) const;
  /// How many items this array has, which are at most so many.
  [[nodiscard]] std::size_t array_size(std::size_t most) const;
  [[nodiscard]] JsonPlace item(std::size_t index) const;

  /// A text without control characters that passes a test.
  [[nodiscard]] std::string text(const std::function<bool(std::string_view)> &is_right,
                                 std::string_view expected) const;
  [[nodiscard]] std::uint64_t number(std::uint64_t least, std::uint64_t most) const;
  [[nodiscard]] bool boolean() const;

  [[noreturn]] void refuse(std::string_view expected) const;

private:
  JsonPlace(const nlohmann::json &value, const JsonPlace &parent, std::string_view key);

  [[nodiscard]] std::string pointer() const;

  const nlohmann::json &value_;
  const std::string &file_;
  const JsonPlace *parent_ = nullptr;
  std::string key_;
};

} // namespace verity
