// SPDX-License-Identifier: Apache-2.0
#include "support/map_fetcher.hpp"
#include "updater/divided_fetcher.hpp"
#include "updater/fetch_setting.hpp"

#include <doctest/doctest.h>

using base::FetchState;
using base::Kind;
using support::MapFetcher;

namespace updater {

namespace {

struct Divided {
  std::vector<MirrorRule> mirrors;
  std::unique_ptr<MapFetcher> of_files = std::make_unique<MapFetcher>();
  std::unique_ptr<MapFetcher> of_servers = std::make_unique<MapFetcher>();
  MapFetcher &files = *of_files;
  MapFetcher &servers = *of_servers;
  Collector collector;

  std::unique_ptr<DividedFetcher> fetcher()
  {
    return std::make_unique<DividedFetcher>(mirrors, std::move(of_files), std::move(of_servers));
  }

  base::Fetch wanted(std::vector<std::string> urls)
  {
    base::Fetch one;
    one.urls = std::move(urls);
    one.receiver = &collector;
    return one;
  }
};

} // namespace

TEST_SUITE_BEGIN("updater/divided_fetch");

TEST_CASE_FIXTURE(Divided, "files are asked for here, and what servers have there")
{
  files.objects = {{"file:///a", "of a file"}};
  servers.objects = {{"https://s/b", "of a server"}, {"http://s/c", "of another"}};
  std::vector<Collector> came(3);
  std::vector<base::Fetch> all = {
      wanted({"https://s/b"}), wanted({"file:///a"}), wanted({"http://s/c"})};
  for (std::size_t index = 0; index < all.size(); ++index)
    all[index].receiver = &came[index];
  const auto fetched = fetcher()->fetch(all);
  CHECK(came[0].bytes == "of a server");
  CHECK(came[1].bytes == "of a file");
  CHECK(came[2].bytes == "of another");
  for (std::size_t index = 0; index < all.size(); ++index)
    CHECK(fetched[index].response.url == all[index].urls[0]);
}

TEST_CASE_FIXTURE(Divided, "a mirror may be a file, and is asked in its turn")
{
  mirrors = {{"https://s/", {"file:///mirror/"}}};
  files.objects = {{"file:///mirror/here", "of the mirror"}};
  servers.objects = {{"https://s/here", "of the server"}, {"https://s/there", "of the server"}};
  const auto both = fetcher();
  CHECK(both->fetch({wanted({"https://s/here"})}).at(0).response.url == "file:///mirror/here");
  CHECK(collector.bytes == "of the mirror");
  CHECK(servers.asked.empty());
  CHECK(both->fetch({wanted({"https://s/there"})}).at(0).response.url == "https://s/there");
  CHECK(collector.bytes == "of the server");
  CHECK(both->fetch({wanted({"https://s/nowhere"})}).at(0).state == FetchState::missing);
}

TEST_CASE_FIXTURE(Divided, "what failed at one place is fetched whole from the next")
{
  servers.failures = {{"https://s/a", "cut"}};
  files.objects = {{"file:///a", "0123456789"}};
  const auto both = fetcher();
  CHECK(both->fetch({wanted({"https://s/a", "file:///a"})}).at(0).state == FetchState::complete);
  CHECK(collector.bytes == "0123456789");
  servers.objects = {{"https://s/a", "0123456789"}};
  servers.failures = {};
  servers.cuts = {{"https://s/a", 4}};
  CHECK(both->fetch({wanted({"https://s/a", "file:///a"})}).at(0).state == FetchState::complete);
  CHECK(collector.bytes == "0123456789");
  CHECK(collector.begins.back().offset == 0);
}

TEST_CASE_FIXTURE(Divided, "where no place is of use, the error says why of each")
{
  servers.failures = {{"https://s/a", "cut"}};
  files.failures = {{"file:///a", "not a regular file"}};
  CHECK_THROWS_WITH_AS(fetcher()->fetch({wanted({"https://s/a", "file:///a"})}),
                       doctest::Contains("not a regular file"),
                       base::Error);
}

TEST_CASE_FIXTURE(Divided, "that an object is missing may be one place's word")
{
  servers.failures = {{"https://s/a", "cut"}};
  base::Fetch one = wanted({"file:///a", "https://s/a"});
  const auto both = fetcher();
  CHECK_THROWS_WITH_AS(both->fetch({one}), doctest::Contains("cut"), base::Error);
  one.absence = base::Absence::by_one;
  CHECK(both->fetch({one}).at(0).state == FetchState::missing);
}

TEST_CASE_FIXTURE(Divided, "what a receiver refuses is not asked for again")
{
  struct Full final : base::Receiver {
    void begin(const base::Response &) override {}

    void receive(base::Bytes) override { base::fail(Kind::io, "the disk is broken"); }
  };

  files.objects = {{"file:///a", "bytes"}};
  servers.objects = {{"https://s/a", "bytes"}};
  Full full;
  base::Fetch one = wanted({"file:///a", "https://s/a"});
  one.receiver = &full;
  CHECK_THROWS_WITH_AS(fetcher()->fetch({one}), doctest::Contains("is broken"), base::Error);
  CHECK(servers.asked.empty());
}

TEST_CASE_FIXTURE(Divided, "what is nowhere to be had is an error of strake")
{
  CHECK_THROWS_WITH_AS(
      fetcher()->fetch({wanted({})}), "an object is to be fetched from nowhere", base::Error);
}

TEST_SUITE_END();

} // namespace updater
