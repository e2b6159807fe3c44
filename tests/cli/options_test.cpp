// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "cli/options.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("cli/options");

using cli::Face;
using cli::Json;
using cli::Options;
using Strings = std::vector<std::string>;

namespace {

Options parse(Strings words, const std::string &program = "strake")
{
  words.insert(words.begin(), program);
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  return cli::parse_options(static_cast<int>(words.size()), argv.data());
}

std::string refusal(const Strings &words, const std::string &program = "strake")
{
  try {
    parse(words, program);
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::usage);
    return error.what();
  }
  return "";
}

} // namespace

TEST_CASE("without a word there is no verb, and everything is as systemd-sysupdate has it")
{
  const Options options = parse({});
  CHECK(options.verb.empty());
  CHECK(options.arguments.empty());
  CHECK(options.sync);
  CHECK(options.legend);
  CHECK_FALSE(options.verify.has_value());
  CHECK(options.json == Json::off);
  CHECK_FALSE(options.dry_run);
}

TEST_CASE("options stand before, between and behind the verb and its arguments")
{
  const Options options = parse({"--offline", "list", "-C", "app", "7", "--no-legend"});
  CHECK(options.verb == "list");
  CHECK(options.arguments == Strings{"7"});
  CHECK(options.component == "app");
  CHECK(options.offline);
  CHECK_FALSE(options.legend);
}

TEST_CASE("behind two dashes nothing is an option")
{
  const Options options = parse({"skip", "--", "-1"});
  CHECK(options.verb == "skip");
  CHECK(options.arguments == Strings{"-1"});
}

TEST_CASE("each option sets what it says")
{
  CHECK(parse({"-A"}).all_components);
  CHECK(parse({"-S"}).suggested_components);
  CHECK(parse({"-a"}).all_features);
  CHECK(parse({"-s"}).suggested_features);
  CHECK(parse({"--component=x", "--component="}).component.empty());
  CHECK(parse({"--definitions=/d"}).definitions == "/d");
  CHECK(parse({"--root=/r"}).root == "/r");
  CHECK(parse({"--image=/i"}).image == "/i");
  CHECK(parse({"--image-policy=*"}).has("image-policy"));
  CHECK(parse({"--transfer-source", "/t"}).transfer_source == "/t");
  CHECK(parse({"-m3"}).instances_max == std::uint64_t{3});
  CHECK_FALSE(parse({"--sync=no"}).sync);
  CHECK(parse({"--verify=off"}).verify == false);
  CHECK(parse({"--verify=1"}).verify == true);
  CHECK(parse({"--reboot"}).reboot);
  CHECK(parse({"--cleanup=yes"}).cleanup == true);
  CHECK(parse({"--json=pretty"}).json == Json::pretty);
  CHECK(parse({"--json=short"}).json == Json::compact);
  CHECK(parse({"--json=off"}).json == Json::off);
  CHECK(parse({"-n"}).dry_run);
  CHECK(parse({"--no-pager"}).has("no-pager"));
}

TEST_CASE("paths are made absolute")
{
  const std::string path = parse({"--root=some/where"}).root;
  CHECK(path.front() == '/');
  CHECK(path.ends_with("/some/where"));
  CHECK(parse({"--root="}).root.empty());
}

TEST_CASE("what cannot be read is refused with the option and what it takes")
{
  CHECK(refusal({"--sync=perhaps"}) ==
        "Failed to parse boolean argument to '--sync=': perhaps; say yes or no");
  CHECK(refusal({"--verify="}) ==
        "Failed to parse boolean argument to '--verify=': ; say yes or no");
  CHECK(refusal({"--cleanup=2"}) ==
        "Failed to parse boolean argument to '--cleanup=': 2; say yes or no");
  for (const std::string word : {"0", "-1", "", "two", "3x", "99999999999999999999"})
    CHECK(refusal({"--instances-max=" + word}) == "Failed to parse --instances-max= parameter: " +
                                                      word + "; it takes a number of at least 1");
  CHECK(refusal({"--image-policy=root=maybe"})
            .starts_with("--image-policy=: \"maybe\" is no policy flag; there are open, ignore, "));
  CHECK(refusal({"--json=yaml"}) ==
        "Unknown argument to --json= switch: yaml; it takes pretty, short or off");
}

TEST_CASE("an option that takes a value and has none is refused")
{
  for (const cli::OptionRow &row : cli::option_table())
    if (row.argument != nullptr)
      CHECK(refusal({std::string("--") + row.name}) ==
            fmt::format("option '--{}' requires an argument; see --help", row.name));
  CHECK(refusal({"-C"}) == "option '-C' requires an argument; see --help");
  CHECK(refusal({"-m"}) == "option '-m' requires an argument; see --help");
}

TEST_CASE("an option that takes no value and has one is refused")
{
  for (const cli::OptionRow &row : cli::option_table())
    if (row.argument == nullptr)
      CHECK(refusal({fmt::format("--{}=yes", row.name)}) ==
            fmt::format("option '--{}' takes no argument; see --help", row.name));
}

TEST_CASE("an option that there is not, or that could be two, is refused")
{
  CHECK(refusal({"--colour"}) == "there is no option '--colour'; see --help");
  CHECK(refusal({"list", "-x"}) == "there is no option '-x'; see --help");
  CHECK(refusal({"-ax"}) == "there is no option '-x'; see --help");
  CHECK(refusal({"--component-"}) ==
        "option '--component-' could be --component-all or --component-suggested; see --help");
  CHECK(parse({"--component-a"}).all_components);
}

TEST_CASE("under the name of systemd-sysupdate there is no more than that has")
{
  CHECK(parse({}, "/usr/lib/systemd/systemd-sysupdate").face == Face::systemd_sysupdate);
  CHECK(parse({}, "/usr/bin/strake").face == Face::strake);
  CHECK(refusal({"--dry-run"}, "systemd-sysupdate") ==
        "there is no option '--dry-run'; see --help");
  CHECK(refusal({"-n"}, "systemd-sysupdate") == "there is no option '-n'; see --help");
}

TEST_CASE("the formats of --json can be asked for")
{
  CHECK(parse({"--json=help"}).has("json-help"));
}
