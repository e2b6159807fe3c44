// SPDX-License-Identifier: Apache-2.0
#include "cli/symbols.hpp"

#include "base/parse.hpp"

#include <langinfo.h>
#include <locale.h> // NOLINT(modernize-deprecated-headers): newlocale() is POSIX's, not C++'s

#include <array>
#include <optional>
#include <string_view>

namespace cli {

namespace {

struct Spelling {
  std::string_view symbol;
  std::string_view ascii;
  Charset shown_from = Charset::utf8;
};

constexpr std::array spellings = {
    Spelling{"●", "*"},
    Spelling{"○", "*"},
    Spelling{"↻", "*"},
    Spelling{"×", "x"},
    Spelling{"✓", "+"},
    Spelling{"✗", "-"},
    Spelling{"→", "->"},
    Spelling{"…", "..."},
    Spelling{"♻", "~", Charset::emoji},
    Spelling{"✨", "*", Charset::emoji},
    Spelling{"⤵️", "\\", Charset::emoji},
    Spelling{"⤵", "\\", Charset::emoji},
};

/// The name of the locale that decides about letters; nothing if no variable says a word.
std::optional<std::string> locale_name(const std::map<std::string, std::string> &environment)
{
  bool is_set = false;
  for (const char *name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto found = environment.find(name);
    if (found == environment.end())
      continue;
    if (!found->second.empty())
      return found->second;
    is_set = true;
  }
  return is_set ? std::optional<std::string>("C") : std::nullopt;
}

std::optional<bool> switched(const std::map<std::string, std::string> &environment,
                             const std::string &name)
{
  const auto found = environment.find(name);
  return found == environment.end() ? std::nullopt : base::parse_boolean(found->second);
}

bool is_utf8(const std::map<std::string, std::string> &environment)
{
  if (const auto answer = switched(environment, "SYSTEMD_UTF8"))
    return *answer;
  const auto name = locale_name(environment);
  if (!name)
    return true;
  // Not setlocale(): that would change how the whole program writes days and numbers.
  const locale_t locale = ::newlocale(LC_CTYPE_MASK, name->c_str(), nullptr);
  if (locale == nullptr)
    return true;
  const bool answer = std::string_view(::nl_langinfo_l(CODESET, locale)) == "UTF-8";
  ::freelocale(locale);
  return answer;
}

bool has_emoji(const std::map<std::string, std::string> &environment)
{
  if (const auto answer = switched(environment, "SYSTEMD_EMOJI"))
    return *answer;
  const auto terminal = environment.find("TERM");
  return terminal != environment.end() && terminal->second != "dumb" && terminal->second != "linux";
}

} // namespace

Charset charset_of(const std::map<std::string, std::string> &environment)
{
  if (!is_utf8(environment))
    return Charset::ascii;
  return has_emoji(environment) ? Charset::emoji : Charset::utf8;
}

std::string shown(std::string text, Charset charset)
{
  for (const auto &[symbol, ascii, shown_from] : spellings) {
    if (charset >= shown_from)
      continue;
    for (std::size_t at = text.find(symbol); at != std::string::npos;
         at = text.find(symbol, at + ascii.size()))
      text.replace(at, symbol.size(), ascii);
  }
  return text;
}

} // namespace cli
