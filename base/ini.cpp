// SPDX-License-Identifier: Apache-2.0
#include "base/ini.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace base {

namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text)
{
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

bool is_comment(std::string_view line)
{
  const std::string_view content = trimmed(line);
  return content.starts_with('#') || content.starts_with(';');
}

/// An odd number of backslashes at the end: an even number is escaped backslashes.
bool is_continued(std::string_view line)
{
  const std::size_t last = line.find_last_not_of('\\');
  const std::size_t count = line.size() - (last == std::string_view::npos ? 0 : last + 1);
  return count % 2 == 1;
}

class ConfigParser {
public:
  explicit ConfigParser(const std::string &file) : file_(file) {}

  Config parse(std::string_view text)
  {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark))
      text.remove_prefix(byte_order_mark.size());
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      take_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    finish_item();
    return std::move(result_);
  }

private:
  void take_line(std::string_view line)
  {
    ++number_;
    // A comment may stand between the lines of one value.
    if (is_comment(line))
      return;
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (pending_.empty())
      first_ = number_;
    const bool continued = is_continued(line);
    pending_ += continued ? line.substr(0, line.size() - 1) : line;
    if (continued)
      pending_ += ' ';
    else
      finish_item();
  }

  void finish_item()
  {
    const std::string whole = std::exchange(pending_, {});
    const std::string_view content = trimmed(whole);
    if (content.empty())
      return;
    if (content.starts_with('['))
      take_header(content);
    else
      take_assignment(content);
  }

  void take_header(std::string_view content)
  {
    if (content.size() < 3 || !content.ends_with(']'))
      fail(Kind::config,
           "{}:{}: \"{}\" begins like a section but isn't one; write [NAME] on a line of its own",
           file_,
           first_,
           content);
    section_ = content.substr(1, content.size() - 2);
  }

  void take_assignment(std::string_view content)
  {
    const std::size_t equals = content.find('=');
    if (equals == std::string_view::npos)
      return warn(content, "is neither a section nor KEY=VALUE");
    const std::string_view key = trimmed(content.substr(0, equals));
    if (key.empty())
      return warn(content, "has no key before \"=\"");
    if (section_.empty())
      return warn(content, "stands before the first section");
    const std::string_view value = trimmed(content.substr(equals + 1));
    result_.items.push_back({section_, std::string(key), std::string(value), file_, first_});
  }

  void warn(std::string_view what, std::string_view why)
  {
    result_.warnings.push_back(
        fmt::format("{}:{}: \"{}\" {}; it was passed over", file_, first_, what, why));
  }

  const std::string &file_;
  Config result_;
  std::string section_;
  std::string pending_; ///< a value whose lines have not all been seen
  unsigned first_ = 0;  ///< the line on which it begins
  unsigned number_ = 0;
};

/// By name, whatever the first directory has there.
struct Candidate {
  std::string path;
  bool is_masked;
};

/// What stands in the way of a file of the same name further down; a directory does not.
std::optional<Candidate> look_at(const Dir &root, const std::string &path)
{
  if (root.link_target(path) == "/dev/null")
    return Candidate{path, true};
  const auto status = root.target_status(path);
  if (!status || S_ISDIR(status->st_mode))
    return std::nullopt;
  const bool is_empty_file = S_ISREG(status->st_mode) && status->st_size == 0;
  return Candidate{path, is_empty_file || !S_ISREG(status->st_mode)};
}

void append(Config &whole, Config part)
{
  std::move(part.items.begin(), part.items.end(), std::back_inserter(whole.items));
  std::move(part.warnings.begin(), part.warnings.end(), std::back_inserter(whole.warnings));
}

Config read_one(const Dir &root, const std::string &path)
{
  const std::optional<std::string> text = root.text(path);
  // Whoever removed it in this moment wanted it not to count.
  return text ? parse_config(*text, root.display(path)) : Config{};
}

/// The value of a numeric escape, in UTF-8 where it names a character and not a byte.
std::optional<std::string> unescape_number(std::string_view digits, Radix radix, bool is_character)
{
  const auto value = parse_number(digits, radix);
  if (!value || *value == 0)
    return std::nullopt;
  const auto code = static_cast<std::uint32_t>(*value);
  const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits); };
  if (!is_character)
    return code < 0x100 ? std::optional(std::string(1, byte(code))) : std::nullopt;
  if (code < 0x80)
    return std::string{byte(code)};
  if (code < 0x800)
    return std::string{byte(0xC0U | code >> 6U), byte(0x80U | (code & 0x3FU))};
  if ((code >= 0xD800 && code < 0xE000) || code > 0x10FFFF)
    return std::nullopt;
  if (code < 0x10000)
    return std::string{byte(0xE0U | code >> 12U),
                       byte(0x80U | (code >> 6U & 0x3FU)),
                       byte(0x80U | (code & 0x3FU))};
  return std::string{byte(0xF0U | code >> 18U),
                     byte(0x80U | (code >> 12U & 0x3FU)),
                     byte(0x80U | (code >> 6U & 0x3FU)),
                     byte(0x80U | (code & 0x3FU))};
}

/// Takes one escape off `text`, whose backslash is gone already.
std::optional<std::string> take_escape(std::string_view &text)
{
  if (text.empty())
    return std::nullopt;
  constexpr std::string_view names = "abfnrtvs\\\"'";
  constexpr std::string_view meanings = "\a\b\f\n\r\t\v \\\"'";
  const char letter = text.front();
  if (const std::size_t index = names.find(letter); index != std::string_view::npos) {
    text.remove_prefix(1);
    return std::string(1, meanings[index]);
  }
  const auto number = [&](std::size_t skip, std::size_t count, Radix radix, bool is_character) {
    const std::string_view digits = text.substr(skip, count);
    auto result = digits.size() == count ? unescape_number(digits, radix, is_character)
                                         : std::optional<std::string>();
    text.remove_prefix(std::min(skip + count, text.size()));
    return result;
  };
  if (letter == 'x')
    return number(1, 2, Radix::hexadecimal, false);
  if (letter == 'u')
    return number(1, 4, Radix::hexadecimal, true);
  if (letter == 'U')
    return number(1, 8, Radix::hexadecimal, true);
  if (letter >= '0' && letter <= '7')
    return number(0, 3, Radix::octal, false);
  text.remove_prefix(1);
  return std::string{'\\', letter};
}

} // namespace

std::string ConfigItem::place() const
{
  return fmt::format("{}:{}", file, line);
}

Config parse_config(std::string_view text, const std::string &file)
{
  return ConfigParser(file).parse(text);
}

std::vector<ConfigFile> find_config_files(const Dir &root,
                                          std::span<const std::string> directories,
                                          std::string_view suffix)
{
  std::map<std::string, Candidate> found;
  for (const std::string &directory : directories) {
    const std::optional<Dir> dir = root.find_dir(directory);
    if (!dir)
      continue;
    for (const DirEntry &entry : dir->entries()) {
      if (!entry.name.ends_with(suffix) || entry.name.size() == suffix.size() ||
          found.contains(entry.name))
        continue;
      if (auto candidate = look_at(root, directory + "/" + entry.name))
        found.emplace(entry.name, std::move(*candidate));
    }
  }
  std::vector<ConfigFile> result;
  for (const auto &[name, candidate] : found)
    if (!candidate.is_masked)
      result.push_back({name, candidate.path});
  return result;
}

Config
read_config(const Dir &root, std::span<const std::string> directories, const std::string &name)
{
  Config whole;
  for (const std::string &directory : directories)
    if (const auto candidate = look_at(root, directory + "/" + name)) {
      if (!candidate->is_masked)
        append(whole, read_one(root, candidate->path));
      break;
    }
  std::vector<std::string> drop_ins;
  for (const std::string &directory : directories)
    drop_ins.push_back(directory + "/" + name + ".d");
  for (const ConfigFile &drop_in : find_config_files(root, drop_ins, ".conf"))
    append(whole, read_one(root, drop_in.path));
  return whole;
}

std::vector<ConfigItem> read_own_settings(const Dir &root, const std::string &name)
{
  const std::array<std::string, 4> directories = {
      "/etc/strake", "/run/strake", "/usr/local/lib/strake", "/usr/lib/strake"};
  Config config = read_config(root, directories, name);
  if (!config.warnings.empty())
    fail_message(Kind::config, config.warnings.front());
  return std::move(config.items);
}

std::optional<std::vector<std::string>> split_escaped(std::string_view text)
{
  std::vector<std::string> words;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    std::string word;
    while (!text.empty() && blanks.find(text.front()) == std::string_view::npos) {
      const char letter = text.front();
      text.remove_prefix(1);
      if (letter != '\\') {
        word += letter;
        continue;
      }
      const std::optional<std::string> meaning = take_escape(text);
      if (!meaning)
        return std::nullopt;
      word += *meaning;
    }
    words.push_back(std::move(word));
  }
  return words;
}

std::optional<std::vector<std::string>> split_quoted(std::string_view text)
{
  std::vector<std::string> words;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    std::string word;
    while (!text.empty() && blanks.find(text.front()) == std::string_view::npos) {
      const char letter = text.front();
      text.remove_prefix(1);
      if (letter != '"' && letter != '\'') {
        word += letter;
        continue;
      }
      const std::size_t end = text.find(letter);
      if (end == std::string_view::npos)
        return std::nullopt;
      word += text.substr(0, end);
      text.remove_prefix(end + 1);
    }
    words.push_back(std::move(word));
  }
  return words;
}

} // namespace base
