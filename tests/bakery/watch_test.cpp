// SPDX-License-Identifier: Apache-2.0
#include "bake_setting.hpp"
#include "bakery/watch.hpp"

#include <doctest/doctest.h>

#include <functional>

using bakery_tests::Kitchen;

namespace {

/// A clock by whose seconds somebody saves files.
class SavingClock final : public base::Clock {
public:
  explicit SavingClock(std::function<void(int second)> save) : save_(std::move(save)) {}

  std::chrono::sys_seconds now() override { return {}; }

  std::chrono::milliseconds monotonic() override { return {}; }

  void sleep(std::chrono::milliseconds) override { save_(++second); }

  int second = 0;

private:
  std::function<void(int)> save_;
};

} // namespace

TEST_CASE(
    "watch: a glance changes with the recipe and with all that lies beside it, and with no more")
{
  Kitchen kitchen("name: a\nversion: {file: VERSION}\nsources: {d: {directory: d}, f: {file: f}}\n"
                  "files: [{source: d, to: /usr}]\n");
  kitchen.write("d/e/x", "x");
  kitchen.write("f", "f");
  const std::vector<std::string> recipes = {kitchen.request().recipe};
  std::string before = bakery::glance_at(recipes);
  const auto changes = [&] { return std::exchange(before, bakery::glance_at(recipes)) != before; };
  kitchen.write("other", "x");
  CHECK_FALSE(changes());
  kitchen.write("d/e/x", "longer");
  CHECK(changes());
  kitchen.write("d/e/y", "");
  CHECK(changes());
  kitchen.write("f", "longer");
  CHECK(changes());
  kitchen.write("VERSION", "1");
  CHECK(changes());
  CHECK_FALSE(changes());
  kitchen.write("recipe.yaml", "wrong");
  CHECK(changes());
  kitchen.write("f", "longer still"); // which a wrong recipe does not name
  CHECK_FALSE(changes());
}

TEST_CASE("watch: it waits until something has changed and nothing changes any more")
{
  Kitchen kitchen(
      "name: a\nversion: 1\nsources: {f: {file: f}}\nfiles: [{source: f, to: /usr/f}]\n");
  kitchen.write("f", "");
  const std::vector<std::string> recipes = {kitchen.request().recipe};
  const std::string seen = bakery::glance_at(recipes);
  SavingClock clock([&](int second) {
    if (second >= 3 && second <= 5)
      kitchen.write("f", std::string(static_cast<std::size_t>(second), 'x'));
  });
  bakery::wait_for_change(clock, recipes, seen);
  CHECK(clock.second == 6);
}
