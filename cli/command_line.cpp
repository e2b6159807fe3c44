// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include "base/error.hpp"
#include "base/parse.hpp"

#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace cli {

namespace {

using base::Kind;

constexpr int first_long_value = 1000; // beyond every letter

std::vector<option> long_options(const std::vector<OptionName> &offered)
{
  std::vector<option> options;
  for (std::size_t index = 0; index < offered.size(); ++index)
    options.push_back({offered[index].name,
                       offered[index].has_argument ? required_argument : no_argument,
                       nullptr,
                       first_long_value + static_cast<int>(index)});
  options.push_back({nullptr, 0, nullptr, 0});
  return options;
}

std::string short_options(const std::vector<OptionName> &offered)
{
  std::string letters = ":"; // a missing argument is told apart from an unknown option
  for (const OptionName &each : offered)
    if (each.letter != 0) {
      letters += each.letter;
      if (each.has_argument)
        letters += ':';
    }
  return letters;
}

const OptionName &meant_by(int code, const std::vector<OptionName> &offered)
{
  if (code >= first_long_value)
    return offered[static_cast<std::size_t>(code - first_long_value)];
  return *std::find_if(
      offered.begin(), offered.end(), [&](const OptionName &each) { return each.letter == code; });
}

/// The long options that a shortened one could mean.
std::string candidates(std::string_view stem, const std::vector<OptionName> &offered)
{
  std::string names;
  for (const OptionName &each : offered)
    if (std::string_view(each.name).starts_with(stem))
      names += fmt::format("{}--{}", names.empty() ? "" : " or ", each.name);
  return names;
}

/// Says what is wrong with the word that getopt_long() stopped at: it leaves the option in optopt
/// if it is a letter or known, else 0.
[[noreturn]] void fail_option(int code, const std::vector<OptionName> &offered, char **argv)
{
  const std::string option = optopt >= first_long_value
                                 ? fmt::format("--{}", meant_by(optopt, offered).name)
                                 : fmt::format("-{}", static_cast<char>(optopt));
  if (code == ':')
    base::fail(Kind::usage, "option '{}' requires an argument; see --help", option);
  if (optopt >= first_long_value)
    base::fail(Kind::usage, "option '{}' takes no argument; see --help", option);
  if (optopt != 0)
    base::fail(Kind::usage, "there is no option '{}'; see --help", option);
  const std::string word = argv[optind - 1];
  const std::string name = word.substr(0, word.find('='));
  const std::string could_be = candidates(std::string_view(name).substr(2), offered);
  if (could_be.empty())
    base::fail(Kind::usage, "there is no option '{}'; see --help", name);
  base::fail(Kind::usage, "option '{}' could be {}; see --help", name, could_be);
}

} // namespace

CommandLine parse_command_line(int argc, char **argv, const std::vector<OptionName> &offered)
{
  CommandLine line;
  const std::vector<option> names = long_options(offered);
  const std::string letters = short_options(offered);
  optind = 0;
  opterr = 0;
  for (;;) {
    const int code = ::getopt_long(argc, argv, letters.c_str(), names.data(), nullptr);
    if (code == -1)
      break;
    if (code == '?' || code == ':')
      fail_option(code, offered, argv);
    line.options.emplace_back(meant_by(code, offered).name, optarg != nullptr ? optarg : "");
  }
  line.words.assign(argv + optind, argv + argc);
  return line;
}

bool boolean_value(const char *option, const std::string &value)
{
  const auto parsed = base::parse_boolean(value);
  if (!parsed)
    base::fail(Kind::usage,
               "Failed to parse boolean argument to '--{}=': {}; say yes or no",
               option,
               value);
  return *parsed;
}

Json json_value(const std::string &value)
{
  if (value == "pretty")
    return Json::pretty;
  if (value == "short")
    return Json::compact;
  if (value == "off")
    return Json::off;
  base::fail(
      Kind::usage, "Unknown argument to --json= switch: {}; it takes pretty, short or off", value);
}

std::string path_value(const char *option, const std::string &value)
{
  if (value.empty() || value.front() == '/')
    return value;
  std::array<char, 4096> here{};
  if (::getcwd(here.data(), here.size()) == nullptr)
    base::fail_errno("cannot find the current directory, which --{}= is relative to", option);
  return std::string(here.data()) + "/" + value;
}

} // namespace cli
