// SPDX-License-Identifier: Apache-2.0
#include "updater/pattern.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"
#include "base/version.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace updater {

namespace {

using base::Kind;
using base::Radix;

constexpr std::string_view any_depth_mark = "**/";

/// One kind of wildcard: how it is written, what it is, and its way into and out of Metadata.
struct Row {
  Wildcard wildcard;
  char letter;
  std::string_view meaning;
  bool (*read)(std::string_view text, Metadata &into);
  std::optional<std::string> (*write)(const Metadata &from);
  void (*copy)(const Metadata &from, Metadata &into);
};

template <typename Value> bool store(std::optional<Value> &into, std::optional<Value> value)
{
  into = std::move(value);
  return into.has_value();
}

template <std::optional<std::uint64_t> Metadata::*field, Radix radix = Radix::decimal>
bool read_number(std::string_view text, Metadata &into)
{
  const auto number = base::parse_number(text, radix);
  // The field reads the largest number as "not set"; a file must mean the same to every tool.
  if (radix == Radix::decimal && number == std::numeric_limits<std::uint64_t>::max())
    return false;
  return store(into.*field, number);
}

template <std::optional<std::uint64_t> Metadata::*field>
std::optional<std::string> write_number(const Metadata &from)
{
  if (!(from.*field))
    return std::nullopt;
  return fmt::format("{}", *(from.*field));
}

template <std::optional<bool> Metadata::*field>
bool read_boolean(std::string_view text, Metadata &into)
{
  return store(into.*field, base::parse_boolean(text));
}

template <std::optional<bool> Metadata::*field>
std::optional<std::string> write_boolean(const Metadata &from)
{
  if (!(from.*field))
    return std::nullopt;
  return *(from.*field) ? "1" : "0";
}

template <auto field> void copy(const Metadata &from, Metadata &into)
{
  into.*field = from.*field;
}

bool read_version(std::string_view text, Metadata &into)
{
  into.version = std::string(text);
  return base::is_valid_version(text);
}

std::optional<std::string> write_version(const Metadata &from)
{
  if (from.version.empty())
    return std::nullopt;
  return from.version;
}

bool read_uuid(std::string_view text, Metadata &into)
{
  return store(into.partition_uuid, base::Uuid::parse(text));
}

std::optional<std::string> write_uuid(const Metadata &from)
{
  if (!from.partition_uuid)
    return std::nullopt;
  std::string text = from.partition_uuid->text();
  text.erase(std::remove(text.begin(), text.end(), '-'), text.end());
  return text;
}

bool read_flags(std::string_view text, Metadata &into)
{
  if (text.starts_with("0x") || text.starts_with("0X"))
    text.remove_prefix(2);
  return read_number<&Metadata::partition_flags, Radix::hexadecimal>(text, into);
}

std::optional<std::string> write_flags(const Metadata &from)
{
  if (!from.partition_flags)
    return std::nullopt;
  return fmt::format("{:x}", *from.partition_flags);
}

bool read_mode(std::string_view text, Metadata &into)
{
  // A name that comes from a server must not make files set-uid or writable for everybody.
  constexpr std::uint64_t allowed = 0775;
  const auto bits = base::parse_number(text, Radix::octal);
  if (!bits || (*bits & ~allowed) != 0)
    return false;
  into.mode = static_cast<mode_t>(*bits);
  return true;
}

std::optional<std::string> write_mode(const Metadata &from)
{
  if (!from.mode)
    return std::nullopt;
  return fmt::format("{:03o}", *from.mode);
}

bool read_sha256(std::string_view text, Metadata &into)
{
  return store(into.sha256, verity::parse_sha256(text));
}

std::optional<std::string> write_sha256(const Metadata &from)
{
  if (!from.sha256)
    return std::nullopt;
  return verity::hex(*from.sha256);
}

template <std::optional<std::uint64_t> Metadata::*field>
constexpr Row number_row(Wildcard wildcard, char letter, std::string_view meaning)
{
  return {wildcard, letter, meaning, read_number<field>, write_number<field>, copy<field>};
}

template <std::optional<bool> Metadata::*field>
constexpr Row boolean_row(Wildcard wildcard, char letter, std::string_view meaning)
{
  return {wildcard, letter, meaning, read_boolean<field>, write_boolean<field>, copy<field>};
}

using W = Wildcard;

constexpr std::array rows = {
    Row{W::version, 'v', "the version", read_version, write_version, copy<&Metadata::version>},
    Row{W::partition_uuid,
        'u',
        "the partition's UUID",
        read_uuid,
        write_uuid,
        copy<&Metadata::partition_uuid>},
    Row{W::partition_flags,
        'f',
        "the partition's flags",
        read_flags,
        write_flags,
        copy<&Metadata::partition_flags>},
    boolean_row<&Metadata::no_auto>(W::no_auto, 'a', "the no-auto flag"),
    boolean_row<&Metadata::grow_file_system>(W::grow_file_system, 'g', "the grow-file-system flag"),
    boolean_row<&Metadata::read_only>(W::read_only, 'r', "the read-only flag"),
    number_row<&Metadata::modified_us>(W::modified, 't', "the modification time"),
    Row{W::mode, 'm', "the access mode", read_mode, write_mode, copy<&Metadata::mode>},
    number_row<&Metadata::size>(W::size, 's', "the size"),
    number_row<&Metadata::tries_done>(W::tries_done, 'd', "the count of tries done"),
    number_row<&Metadata::tries_left>(W::tries_left, 'l', "the count of tries left"),
    Row{W::sha256, 'h', "the SHA-256 digest", read_sha256, write_sha256, copy<&Metadata::sha256>},
};

const Row &row(Wildcard wildcard)
{
  const auto found = std::find_if(
      rows.begin(), rows.end(), [&](const Row &each) { return each.wildcard == wildcard; });
  return *found;
}

std::string shown(char letter)
{
  if (letter > ' ' && letter < 127)
    return fmt::format("\"{}\"", letter);
  return fmt::format("the byte 0x{:02x}", static_cast<unsigned char>(letter));
}

template <typename... Args>
[[noreturn]] void
refuse(std::string_view text, fmt::format_string<const Args &...> reason, const Args &...args)
{
  base::fail(Kind::config, "\"{}\" is not a pattern: {}", text, fmt::format(reason, args...));
}

/// Space is fine, as systemd has it; what other pattern languages use is kept for later.
bool is_literal(char letter)
{
  constexpr std::string_view reserved = "$*?[]!\\|";
  return letter >= ' ' && letter < 127 && reserved.find(letter) == std::string_view::npos;
}

void check_components(std::string_view text, std::string_view body)
{
  if (body.starts_with('/') || body.ends_with('/') || body.find("//") != std::string_view::npos)
    refuse(text, "it must not begin or end with \"/\" or have \"//\"");
  for (std::size_t begin = 0; begin <= body.size();) {
    const std::size_t end = std::min(body.find('/', begin), body.size());
    const std::string_view component = body.substr(begin, end - begin);
    if (component == "." || component == "..")
      refuse(text, "\"{}\" can't be a part of a path", component);
    begin = end + 1;
  }
}

Wildcard parse_wildcard(std::string_view text, char letter)
{
  const auto found = std::find_if(
      rows.begin(), rows.end(), [&](const Row &each) { return each.letter == letter; });
  if (found != rows.end())
    return found->wildcard;
  std::string letters;
  for (const Row &each : rows)
    letters += fmt::format(" @{}", each.letter);
  refuse(
      text, "{} after \"@\" means nothing; known are{}, and @@ for \"@\"", shown(letter), letters);
}

/// Field by field what the pattern can carry, so that a round trip can be judged.
Metadata only(const std::vector<Wildcard> &wildcards, const Metadata &metadata)
{
  Metadata result;
  for (const Wildcard wildcard : wildcards)
    row(wildcard).copy(metadata, result);
  return result;
}

} // namespace

Pattern Pattern::parse(std::string_view text)
{
  const bool any_depth = text.starts_with(any_depth_mark);
  const std::string_view body = any_depth ? text.substr(any_depth_mark.size()) : text;
  check_components(text, body);
  if (any_depth && body.find('/') != std::string_view::npos)
    refuse(text, "after \"**/\" comes a plain file name, without another \"/\"");

  Pattern pattern(std::string(text), {}, any_depth);
  for (std::size_t index = 0; index < body.size(); ++index) {
    if (body[index] != '@') {
      pattern.add_literal(body[index]);
      continue;
    }
    if (++index == body.size())
      refuse(text, "it ends in a single \"@\"; write @@ for the character itself");
    if (body[index] == '@')
      pattern.add_literal('@');
    else
      pattern.add_wildcard(body[index]);
  }
  if (!pattern.has(Wildcard::version))
    refuse(text, "it lacks @v, without which no version can be told");
  return pattern;
}

void Pattern::add_wildcard(char letter)
{
  const Wildcard wildcard = parse_wildcard(text_, letter);
  if (has(wildcard))
    refuse(text_, "@{} occurs twice", letter);
  if (!elements_.empty() && elements_.back().wildcard)
    refuse(text_,
           "nothing tells where @{} ends and @{} begins; put a character between them",
           row(*elements_.back().wildcard).letter,
           letter);
  elements_.push_back({wildcard, {}});
}

void Pattern::add_literal(char letter)
{
  if (!is_literal(letter))
    refuse(text_, "{} is not allowed in it", shown(letter));
  const bool joins = !elements_.empty() && !elements_.back().wildcard && letter != '/' &&
                     elements_.back().literal != "/";
  if (!joins)
    elements_.push_back({std::nullopt, {}});
  elements_.back().literal += letter;
}

std::optional<Metadata> Pattern::consume(std::string_view path, Extent extent) const
{
  Metadata found;
  for (std::size_t index = 0; index < elements_.size(); ++index) {
    const Element &element = elements_[index];
    if (!element.wildcard) {
      if (!path.starts_with(element.literal))
        return std::nullopt;
      path.remove_prefix(element.literal.size());
      if (extent == Extent::directory && element.literal == "/" && path.empty())
        return found;
      continue;
    }
    // Two wildcards never follow each other, so what comes next is literal or the end.
    const bool last = index + 1 == elements_.size();
    const std::size_t end = last ? path.size() : path.find(elements_[index + 1].literal);
    if (end == std::string_view::npos || !row(*element.wildcard).read(path.substr(0, end), found))
      return std::nullopt;
    path.remove_prefix(end);
  }
  if (!path.empty() || extent == Extent::directory)
    return std::nullopt;
  return found;
}

std::optional<Metadata> Pattern::match(std::string_view path) const
{
  if (any_depth_)
    path.remove_prefix(path.rfind('/') + 1); // npos + 1 is 0: the whole path is the name
  return consume(path, Extent::whole);
}

bool Pattern::leads_into(std::string_view directory) const
{
  return any_depth_ || consume(std::string(directory) + "/", Extent::directory).has_value();
}

std::string Pattern::format(const Metadata &metadata) const
{
  if (any_depth_)
    base::fail(Kind::internal, "a pattern that begins with \"**/\" can't name anything: {}", text_);
  std::string name;
  std::vector<Wildcard> used;
  for (const Element &element : elements_) {
    name += element.literal;
    if (!element.wildcard)
      continue;
    const Row &field = row(*element.wildcard);
    const std::optional<std::string> value = field.write(metadata);
    if (!value)
      base::fail(Kind::config,
                 "the pattern \"{}\" needs @{}, but {} isn't known; take it out of the pattern, "
                 "or put it into the source's",
                 text_,
                 field.letter,
                 field.meaning);
    name += *value;
    used.push_back(*element.wildcard);
  }
  if (match(name) != only(used, metadata))
    base::fail(Kind::config,
               "the pattern \"{}\" would give the name \"{}\", which it reads back differently; "
               "separate its fields by characters that can't be part of them",
               text_,
               name);
  return name;
}

bool Pattern::has(Wildcard wildcard) const
{
  return std::any_of(elements_.begin(), elements_.end(), [&](const Element &element) {
    return element.wildcard == wildcard;
  });
}

bool Pattern::has_directory() const
{
  return std::any_of(elements_.begin(), elements_.end(), [](const Element &element) {
    return element.literal == "/";
  });
}

Pattern Pattern::without_any_depth() const
{
  return {any_depth_ ? text_.substr(any_depth_mark.size()) : text_, elements_, false};
}

} // namespace updater
