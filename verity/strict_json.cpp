// SPDX-License-Identifier: Apache-2.0
#include "verity/strict_json.hpp"

#include "base/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace verity {

namespace {

using nlohmann::json;

/// Follows the parser, and says what is wrong with a document that is JSON.
class Watcher {
public:
  explicit Watcher(const JsonLimits &limits) : limits_(limits) {}

  /// False: go on without this value.
  bool see(int depth, json::parse_event_t event, const json &parsed)
  {
    if (depth > limits_.depth)
      note(fmt::format("is nested deeper than {}", limits_.depth));
    if (event == json::parse_event_t::object_start)
      keys_.emplace_back();
    else if (event == json::parse_event_t::object_end)
      keys_.pop_back();
    else if (event == json::parse_event_t::key && refusal_.empty() &&
             !keys_.back().insert(parsed.get_ref<const std::string &>()).second)
      note(fmt::format("has the field \"{}\" twice in one object",
                       parsed.get_ref<const std::string &>()));
    return refusal_.empty();
  }

  [[nodiscard]] const std::string &refusal() const { return refusal_; }

private:
  void note(std::string what)
  {
    if (refusal_.empty())
      refusal_ = std::move(what);
  }

  JsonLimits limits_;
  std::vector<std::unordered_set<std::string>> keys_;
  std::string refusal_;
};

bool is_control(unsigned char letter)
{
  return letter < ' ' || letter == 0x7f;
}

} // namespace

json parse_strict_json(std::string_view text, const std::string &file, const JsonLimits &limits)
{
  if (text.size() > limits.bytes)
    base::fail(base::Kind::untrusted,
               "{} has {} bytes, more than the {} that it may have",
               file,
               text.size(),
               limits.bytes);
  Watcher watcher(limits);
  json document;
  try {
    document = json::parse(text, [&](int depth, json::parse_event_t event, json &parsed) {
      return watcher.see(depth, event, parsed);
    });
  } catch (const json::parse_error &error) {
    base::fail(base::Kind::untrusted, "{} is no JSON: error at byte {}", file, error.byte);
  } catch (const json::out_of_range &) {
    base::fail(base::Kind::untrusted, "{} has a number in it that is beyond all bounds", file);
  }
  if (!watcher.refusal().empty())
    base::fail(base::Kind::untrusted, "{} {}", file, watcher.refusal());
  return document;
}

JsonPlace::JsonPlace(const json &document, const std::string &file) : value_(document), file_(file)
{
}

JsonPlace::JsonPlace(const json &value, const JsonPlace &parent, std::string_view key)
    : value_(value), file_(parent.file_), parent_(&parent), key_(key)
{
}

JsonPlace JsonPlace::at(const char *key) const
{
  if (!value_.is_object())
    refuse("an object");
  const auto found = value_.find(key);
  if (found == value_.end())
    refuse(fmt::format("an object with the field \"{}\"", key));
  return {*found, *this, key};
}

std::optional<JsonPlace> JsonPlace::find(const char *key) const
{
  if (!value_.is_object())
    refuse("an object");
  const auto found = value_.find(key);
  if (found == value_.end())
    return std::nullopt;
  return JsonPlace(*found, *this, key);
}

std::size_t JsonPlace::array_size(std::size_t most) const
{
  if (!value_.is_array() || value_.size() > most)
    refuse(fmt::format("an array of at most {} items", most));
  return value_.size();
}

JsonPlace JsonPlace::item(std::size_t index) const
{
  return {value_.at(index), *this, std::to_string(index)};
}

std::string JsonPlace::text(const std::function<bool(std::string_view)> &is_right,
                            std::string_view expected) const
{
  if (!value_.is_string())
    refuse(expected);
  const auto &text = value_.get_ref<const std::string &>();
  if (std::any_of(text.begin(), text.end(), is_control) || !is_right(text))
    refuse(expected);
  return text;
}

std::uint64_t JsonPlace::number(std::uint64_t least, std::uint64_t most) const
{
  if (!value_.is_number_unsigned() || value_.get<std::uint64_t>() < least ||
      value_.get<std::uint64_t>() > most)
    refuse(fmt::format("a whole number from {} to {}", least, most));
  return value_.get<std::uint64_t>();
}

bool JsonPlace::boolean() const
{
  if (!value_.is_boolean())
    refuse("true or false");
  return value_.get<bool>();
}

void JsonPlace::refuse(std::string_view expected) const
{
  const std::string place = pointer();
  base::fail(base::Kind::untrusted,
             "{}: {}: expected {}",
             file_,
             place.empty() ? "the document" : place,
             expected);
}

std::string JsonPlace::pointer() const
{
  return parent_ == nullptr ? "" : parent_->pointer() + "/" + key_;
}

} // namespace verity
