// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("cli/progress");

using cli::Progress;
using std::chrono::milliseconds;

namespace {

/// What is shown of fetches at times that a test sets.
struct Shown {
  support::SetClock clock;
  std::string text;
  std::vector<std::string> said;

  Progress make(Progress::Form form)
  {
    return {form,
            clock,
            [this](base::Level, std::string_view message) { said.emplace_back(message); },
            [this](std::string_view output) { text += output; }};
  }

  void at(Progress &progress,
          milliseconds time,
          const std::string &url,
          std::uint64_t so_far,
          std::optional<std::uint64_t> total)
  {
    clock.since_boot = time;
    progress.progress({.url = url, .so_far = so_far, .total = total});
  }
};

cli::Options options(const std::string &verb, cli::Json json = cli::Json::off)
{
  cli::Options result;
  result.verb = verb;
  result.json = json;
  return result;
}

} // namespace

TEST_CASE("JSON is shown by verbs that bring bytes, a line on terminals, else nothing")
{
  using Form = Progress::Form;
  CHECK(Progress::form_of(options("update"), false) == Form::none);
  CHECK(Progress::form_of(options("update"), true) == Form::terminal);
  CHECK(Progress::form_of(options("update", cli::Json::compact), true) == Form::json);
  CHECK(Progress::form_of(options("list", cli::Json::compact), false) == Form::none);
  cli::Options dry = options("update", cli::Json::compact);
  dry.dry_run = true;
  CHECK(Progress::form_of(dry, false) == Form::none);
  cli::Options other = options("update", cli::Json::compact);
  other.face = cli::Face::systemd_sysupdate;
  CHECK(Progress::form_of(other, false) == Form::none);
}

TEST_CASE("the sum of all fetches is shown twice a second, with rate and time left")
{
  Shown shown;
  Progress progress = shown.make(Progress::Form::json);
  shown.at(progress, milliseconds(1000), "one", 1000, 5000); // resumed: 1000 were there before
  CHECK(shown.text.empty());
  shown.at(progress, milliseconds(1400), "two", 500, 5000);
  CHECK(shown.text.empty());
  shown.at(progress, milliseconds(2000), "one", 2500, 5000);
  CHECK(shown.text ==
        R"({"progress":{"bytes":3000,"total":10000,"bytesPerSecond":2000,"secondsLeft":3}})"
        "\n");
  shown.text.clear();
  shown.at(progress, milliseconds(2499), "one", 2600, 5000);
  CHECK(shown.text.empty());
}

TEST_CASE("a total that is not known leaves nothing to wait for")
{
  Shown shown;
  Progress progress = shown.make(Progress::Form::json);
  shown.at(progress, milliseconds(1), "one", 0, std::nullopt);
  shown.at(progress, milliseconds(1001), "one", 700, std::nullopt);
  CHECK(shown.text == R"({"progress":{"bytes":700,"total":0,"bytesPerSecond":700,"secondsLeft":0}})"
                      "\n");
}

TEST_CASE("on a terminal one line is written over and over, and taken away at the end")
{
  Shown shown;
  {
    Progress progress = shown.make(Progress::Form::terminal);
    shown.at(progress, milliseconds(1), "one", 0, 4'000'000);
    shown.at(progress, milliseconds(1001), "one", 1'000'000, 4'000'000);
    CHECK(shown.text == "\r\x1b[K1.0 MB of 4.0 MB, 1.0 MB/s, 3 s left");
    shown.text.clear();
  }
  CHECK(shown.text == "\r\x1b[K");
}

TEST_CASE("a setback is told in a line of its own")
{
  Shown shown;
  Progress progress = shown.make(Progress::Form::none);
  progress.setback({.url = "http://a/b", .why = "the server answered 503"}, milliseconds(1500));
  progress.setback({.url = "http://a/b", .why = "cut"}, milliseconds(0));
  CHECK(shown.said ==
        std::vector<std::string>{"http://a/b: the server answered 503; trying again in 1.5 s",
                                 "http://a/b: cut; trying again"});
}
