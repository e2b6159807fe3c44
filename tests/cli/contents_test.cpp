// SPDX-License-Identifier: Apache-2.0
#include "cli/contents.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("cli/contents");

using cli::size_text;
using updater::Holding;
using updater::Instance;
using updater::Metadata;
using updater::ResourceKind;

namespace {

Holding holding(ResourceKind target)
{
  Holding result;
  result.transfer.source.kind = ResourceKind::url_file;
  result.transfer.target.kind = target;
  return result;
}

updater::Part installed(const std::string &path, const Metadata &metadata)
{
  updater::Part part;
  part.on_target = Instance{metadata, updater::Presence::installed, path, "", 0};
  return part;
}

updater::Part offered(const std::string &path, const Metadata &metadata)
{
  updater::Part part;
  part.on_source = Instance{metadata, updater::Presence::installed, path, "", 0};
  return part;
}

std::string table(const std::vector<Holding> &holdings, const std::vector<updater::Part> &parts)
{
  updater::UpdateSet set;
  set.parts = parts;
  return cli::contents_table(holdings, set).text(cli::Table::Header::yes);
}

std::string json(const std::vector<Holding> &holdings, const std::vector<updater::Part> &parts)
{
  updater::UpdateSet set;
  set.parts = parts;
  return cli::contents_json(holdings, set).dump();
}

const Holding slot = holding(ResourceKind::partition);
const Holding file = holding(ResourceKind::regular_file);

} // namespace

TEST_CASE("sizes have one digit behind the point at most, which is not rounded")
{
  CHECK(size_text(0) == "0B");
  CHECK(size_text(1023) == "1023B");
  CHECK(size_text(1024) == "1K");
  CHECK(size_text(1536) == "1.5K");
  CHECK(size_text(99999) == "97.6K"); // 97.655…
  CHECK(size_text(1024 * 1024 - 1) == "1023.9K");
  CHECK(size_text(std::uint64_t{4} << 20) == "4M");
  CHECK(size_text((std::uint64_t{5} << 30) + (std::uint64_t{1} << 29)) == "5.5G");
  CHECK(size_text(~std::uint64_t{0}) == "15.9E");
}

TEST_CASE("columns without a value are left out, and what one part lacks is a dash")
{
  CHECK(table({file}, {installed("/a", {})}) == "TYPE         PATH\n"
                                                "regular-file /a\n");
  CHECK(table({file, file}, {installed("/a", {.size = 2048}), installed("/b", {})}) ==
        "TYPE         PATH SIZE\n"
        "regular-file /a     2K\n"
        "regular-file /b      -\n");
}

TEST_CASE("time and mode are shown where some target is a file, flags where one is a partition")
{
  const Metadata both{.partition_flags = 1, .mode = 0644};
  CHECK(table({file}, {offered("/a", both)}) == "TYPE     PATH MTIME MODE\n"
                                                "url-file /a       - 0644\n");
  CHECK(table({slot}, {offered("/a", both)}) == "TYPE     PATH PTUUID PTFLAGS\n"
                                                "url-file /a   -            1\n");
  CHECK(json({slot, file}, {offered("/a", both), updater::Part{}}) ==
        R"([{"type":"url-file","path":"/a","ptuuid":null,"ptflags":1,"mtime":null,"mode":420}])");
}

TEST_CASE("tries left and tries done come and go together")
{
  CHECK(json({file}, {installed("/a", {.tries_left = 3})}) ==
        R"([{"type":"regular-file","path":"/a","tries-done":null,"tries-left":3}])");
}

TEST_CASE("the epoch is a time that nobody knows")
{
  CHECK(table({file}, {installed("/a", {.modified_us = 0, .mode = 0600})}) ==
        "TYPE         PATH MTIME MODE\n"
        "regular-file /a       - 0600\n");
}

TEST_CASE("a part that is nowhere has no row")
{
  CHECK(json({file, file}, {updater::Part{}, installed("/b", {})}) ==
        R"([{"type":"regular-file","path":"/b"}])");
}
