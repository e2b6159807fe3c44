// SPDX-License-Identifier: Apache-2.0
// What bench/rollout runs. `fleet MACHINES HOURS WITHDRAWN`: how many machines have a release after
// each hour, with waves, and where it is withdrawn in that hour. `manifest RELEASES ROUNDS`: how
// long it takes to read a list of so many, beside the JSON library alone. A line of JSON each.
#include "base/error.hpp"
#include "base/parse.hpp"
#include "updater/release_terms.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int day = 24;

std::chrono::sys_seconds hour(int number)
{
  return std::chrono::sys_seconds(std::chrono::hours(number));
}

/// One in a hundred at once, a tenth after six hours, half after a day, all after three.
verity::Release release_in_waves()
{
  constexpr std::uint64_t all = verity::wave_seeds;
  return {.name = "example",
          .version = "2",
          .waves = {{.seed_end = all / 100, .start = hour(0)},
                    {.seed_end = all / 10, .start = hour(6)},
                    {.seed_end = all / 2, .start = hour(day)},
                    {.seed_end = all, .start = hour(3 * day)}}};
}

/// In which hour a machine has the release. Its timer comes once a day, at an hour of its own; one
/// day in ten it is switched off then.
int updated_in(const verity::Release &release, std::uint64_t number, int hours)
{
  std::mt19937_64 random(number);
  const updater::Recipient recipient{.machine_id = fmt::format("{:032x}", random())};
  const auto turn = updater::turn_of(release, recipient);
  int now = static_cast<int>(random() % day);
  for (; now < hours; now += day)
    if (random() % 10 != 0 && turn && hour(now) >= *turn)
      return now;
  return hours;
}

void simulate_fleet(std::uint64_t machines, int hours, int withdrawn)
{
  const verity::Release release = release_in_waves();
  std::vector<std::uint64_t> updated(static_cast<std::size_t>(hours) + 1);
  for (std::uint64_t number = 0; number < machines; ++number)
    ++updated[static_cast<std::size_t>(updated_in(release, number, hours))];
  std::uint64_t sum = 0;
  std::uint64_t stopped = 0;
  for (int now = 0; now < hours; ++now) {
    sum += updated[static_cast<std::size_t>(now)];
    if (now < withdrawn)
      stopped = sum;
    fmt::print("{{\"hour\":{},\"updated\":{},\"withdrawn\":{}}}\n", now, sum, stopped);
  }
}

std::string text_of_many(std::uint64_t count)
{
  verity::ReleaseManifest manifest{.repository = "example",
                                   .channel = "stable",
                                   .sequence = 1,
                                   .issued = hour(0),
                                   .expires = hour(1)};
  constexpr std::uint64_t versions = 20;
  for (std::uint64_t number = 0; number < count; ++number) {
    const std::string name = fmt::format("extension-{}", number / versions);
    const std::string version = fmt::format("1.{}", number % versions);
    manifest.releases.push_back({.name = name,
                                 .version = version,
                                 .fits = {{.id = "debian", .version_id = "13"}},
                                 .artifacts = {{.name = name + "_" + version + "_x86-64.raw",
                                                .architecture = "x86-64",
                                                .size = number}}});
  }
  return text_of(manifest);
}

template <typename Body> double median_milliseconds(std::uint64_t rounds, Body &&body)
{
  std::vector<double> taken;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const auto start = Clock::now();
    body();
    taken.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(taken.begin(), taken.end());
  return taken[taken.size() / 2];
}

void read_manifest(std::uint64_t count, std::uint64_t rounds)
{
  const std::string text = text_of_many(count);
  std::size_t seen = 0; // so that no reading is left out
  const double ours = median_milliseconds(rounds, [&] {
    seen += verity::parse_release_manifest(text, "manifest.json").releases.size();
  });
  const double theirs =
      median_milliseconds(rounds, [&] { seen += nlohmann::json::parse(text).size(); });
  fmt::print("{{\"bytes\":{},\"ours\":{:.1f},\"theirs\":{:.1f},\"seen\":{}}}\n",
             text.size(),
             ours,
             theirs,
             seen);
}

} // namespace

int main(int argc, char **argv)
{
  try {
    std::vector<std::uint64_t> numbers;
    for (int index = 2; index < argc; ++index)
      numbers.push_back(base::parse_number(argv[index]).value_or(0));
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "fleet" && numbers.size() == 3)
      simulate_fleet(numbers[0], static_cast<int>(numbers[1]), static_cast<int>(numbers[2]));
    else if (what == "manifest" && numbers.size() == 2)
      read_manifest(numbers[0], numbers[1]);
    else
      base::fail(base::Kind::usage, "called as bench/rollout does");
    return 0;
  } catch (const std::exception &error) {
    (void)std::fprintf(stderr, "rollout_simulation: %s\n", error.what());
    return 1;
  }
}
