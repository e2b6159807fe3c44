// SPDX-License-Identifier: Apache-2.0
#include "cli/json.hpp"

namespace cli {

namespace {

std::string compact(const Value &value)
{
  return value.dump(-1, ' ', false, Value::error_handler_t::replace);
}

void append(std::string &text, const Value &value, std::size_t depth);

template <typename Each>
void append_block(
    std::string &text, const Value &value, std::size_t depth, char open, char close, Each each)
{
  if (value.empty()) {
    text += {open, close};
    return;
  }
  text += {open, '\n'};
  std::size_t index = 0;
  for (const auto &[key, item] : value.items()) {
    text += std::string(depth + 1, '\t');
    each(key);
    append(text, item, depth + 1);
    text += ++index < value.size() ? ",\n" : "\n";
  }
  text += std::string(depth, '\t') + close;
}

void append(std::string &text, const Value &value, std::size_t depth)
{
  if (value.is_object())
    append_block(text, value, depth, '{', '}', [&](const std::string &key) {
      text += compact(key) + " : ";
    });
  else if (value.is_array())
    append_block(text, value, depth, '[', ']', [](const std::string &) {});
  else
    text += compact(value);
}

} // namespace

Value or_null(const std::string &text)
{
  return text.empty() ? Value() : Value(text);
}

std::string json_text(const Value &value, Json format)
{
  if (format != Json::pretty)
    return compact(value) + "\n";
  std::string text;
  append(text, value, 0);
  return text + "\n";
}

} // namespace cli
