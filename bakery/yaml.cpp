// SPDX-License-Identifier: Apache-2.0
#include "bakery/yaml.hpp"

#include "base/error.hpp"
#include "base/printable.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

namespace bakery {

namespace {

using base::Kind;

std::string place_of_mark(const std::string &file, const YAML::Mark &mark)
{
  if (mark.is_null())
    return file;
  return fmt::format("{}:{}:{}", file, mark.line + 1, mark.column + 1);
}

std::size_t values_in(const Yaml &value)
{
  std::size_t count = 1;
  for (const Yaml &item : value.items)
    count += values_in(item);
  for (const auto &[key, field] : value.fields)
    count += 1 + values_in(field);
  return count;
}

std::size_t depth_of(const Yaml &value)
{
  std::size_t deepest = 0;
  for (const Yaml &item : value.items)
    deepest = std::max(deepest, depth_of(item));
  for (const auto &[key, field] : value.fields)
    deepest = std::max(deepest, depth_of(field));
  return deepest + 1;
}

/// Takes the parser's events, so that no limit is noticed only after it was passed.
class Builder final : public YAML::EventHandler {
public:
  Builder(const std::string &file, const YamlLimits &limits) : file_(file), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark &mark) override
  {
    if (++documents_ > 1)
      fail(mark, "a second document begins here; put each into a file of its own");
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark &mark, YAML::anchor_t anchor) override
  {
    take(at(Yaml::Kind::null, mark), anchor, mark);
  }

  void OnAlias(const YAML::Mark &mark, YAML::anchor_t anchor) override
  {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      fail(mark, "this alias means something that it is itself a part of");
    Yaml copy = found->second;
    count(values_in(copy) - 1, mark);
    if (open_.size() + depth_of(copy) > limits_.depth)
      fail_deep(mark);
    copy.line = static_cast<unsigned>(mark.line) + 1;
    copy.column = static_cast<unsigned>(mark.column) + 1;
    take(std::move(copy), 0, mark);
  }

  void OnScalar(const YAML::Mark &mark,
                const std::string &tag,
                YAML::anchor_t anchor,
                const std::string &value) override
  {
    check_tag(tag, mark);
    Yaml scalar = at(Yaml::Kind::scalar, mark);
    scalar.text = value;
    take(std::move(scalar), anchor, mark);
  }

  void OnSequenceStart(const YAML::Mark &mark,
                       const std::string &tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override
  {
    begin(Yaml::Kind::sequence, mark, tag, anchor);
  }

  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark &mark,
                  const std::string &tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override
  {
    begin(Yaml::Kind::mapping, mark, tag, anchor);
  }

  void OnMapEnd() override { end(); }

  [[nodiscard]] Yaml result() { return std::move(result_); }

private:
  struct Open {
    Yaml value;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    bool awaits_key = true;
  };

  [[noreturn]] void fail(const YAML::Mark &mark, std::string_view why) const
  {
    base::fail(Kind::config, "{}: {}", place_of_mark(file_, mark), why);
  }

  [[noreturn]] void fail_deep(const YAML::Mark &mark) const
  {
    fail(mark, fmt::format("values lie more than {} levels deep in each other", limits_.depth));
  }

  static Yaml at(Yaml::Kind kind, const YAML::Mark &mark)
  {
    return {.kind = kind,
            .line = static_cast<unsigned>(mark.line) + 1,
            .column = static_cast<unsigned>(mark.column) + 1};
  }

  void check_tag(const std::string &tag, const YAML::Mark &mark) const
  {
    if (!tag.empty() && tag != "?" && tag != "!")
      fail(mark, fmt::format("the tag {} means nothing here; leave it out", base::printable(tag)));
  }

  void count(std::size_t more, const YAML::Mark &mark)
  {
    values_ += more;
    if (values_ > limits_.values)
      fail(mark, fmt::format("with its aliases it comes to more than {} values", limits_.values));
  }

  void begin(Yaml::Kind kind, const YAML::Mark &mark, const std::string &tag, YAML::anchor_t anchor)
  {
    check_tag(tag, mark);
    if (open_.size() >= limits_.depth)
      fail_deep(mark);
    open_.push_back({at(kind, mark), anchor, mark});
  }

  void end()
  {
    Open done = std::move(open_.back());
    open_.pop_back();
    take(std::move(done.value), done.anchor, done.mark);
  }

  void take(Yaml value, YAML::anchor_t anchor, const YAML::Mark &mark)
  {
    count(1, mark);
    if (anchor != 0)
      anchors_[anchor] = value;
    if (open_.empty())
      result_ = std::move(value);
    else if (open_.back().value.kind == Yaml::Kind::sequence)
      open_.back().value.items.push_back(std::move(value));
    else
      take_in_mapping(open_.back(), std::move(value), mark);
  }

  void take_in_mapping(Open &mapping, Yaml value, const YAML::Mark &mark) const
  {
    auto &fields = mapping.value.fields;
    if (!mapping.awaits_key) {
      fields.back().second = std::move(value);
      mapping.awaits_key = true;
      return;
    }
    if (value.kind != Yaml::Kind::scalar)
      fail(mark, "the name of a field must be a text");
    for (const auto &[key, field] : fields)
      if (key.text == value.text)
        fail(mark,
             fmt::format("the field \"{}\" is here a second time, after line {}",
                         base::printable(value.text),
                         key.line));
    fields.emplace_back(std::move(value), Yaml{});
    mapping.awaits_key = false;
  }

  const std::string &file_;
  const YamlLimits &limits_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Yaml> anchors_;
  Yaml result_;
  std::size_t values_ = 0;
  unsigned documents_ = 0;
};

/// What the parser itself is kept from, since it takes every "[" and "{" as one more call.
void check_size(std::string_view text, const std::string &file, const YamlLimits &limits)
{
  if (text.size() > limits.bytes)
    base::fail(Kind::config,
               "{}: it has {} bytes; more than {} are not read",
               file,
               text.size(),
               limits.bytes);
  const std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos)
    base::fail(Kind::config, "{}: there is a NUL at byte {}; this is no text", file, nul);
}

} // namespace

std::string place_of(std::string_view file, const Yaml &value)
{
  return fmt::format("{}:{}:{}", file, value.line, value.column);
}

Yaml parse_yaml(std::string_view text, const std::string &file, const YamlLimits &limits)
{
  check_size(text, file, limits);
  Builder builder(file, limits);
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder))
      continue;
  } catch (const YAML::Exception &error) {
    base::fail(Kind::config,
               "{}: this is no YAML: {}",
               place_of_mark(file, error.mark),
               base::printable(error.msg));
  }
  return builder.result();
}

} // namespace bakery
