// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "verity/ddi.hpp"
#include "verity/partition_type.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("verity/ddi");

using verity::ImagePart;

namespace {

struct Row {
  const char *type;
  const char *label;
  std::uint64_t attributes = 0;
};

/// Partition n starts at sector 100 n.
verity::GptTable table_of(const std::vector<Row> &rows)
{
  verity::GptTable table;
  for (const Row &row : rows) {
    verity::GptEntry entry;
    entry.number = static_cast<unsigned>(table.entries.size() + 1);
    entry.type = verity::find_partition_type(row.type, "x86-64").value().uuid;
    entry.first_lba = std::uint64_t{100} * entry.number;
    entry.last_lba = entry.first_lba + 49;
    entry.label = row.label;
    entry.attributes = row.attributes;
    table.entries.push_back(std::move(entry));
  }
  table.entries.emplace_back(); // an unused slot
  return table;
}

/// "root@100 esp@200": what is found, and at which sector.
std::string found_in(const std::vector<Row> &rows, const char *policy = "*")
{
  std::string text;
  for (const ImagePart &part :
       verity::dissect(table_of(rows), "x86-64", verity::ImagePolicy::parse(policy))) {
    CHECK(part.range.length == 50 * 512);
    text +=
        (text.empty() ? "" : " ") + fmt::format("{}@{}", part.designator, part.range.start / 512);
    text += part.is_read_only ? "!" : "";
  }
  return text;
}

/// "root@100 tree@200, usr@300": the parts of an extension, and at which sectors.
std::string extension_in(const std::vector<Row> &rows, const char *policy = "*")
{
  std::string text;
  for (const verity::ProtectedPart &part : verity::extension_parts(
           table_of(rows), "x86-64", verity::ImagePolicy::parse(policy), std::nullopt)) {
    text += fmt::format(
        "{}{}@{}", text.empty() ? "" : ", ", part.data.designator, part.data.range.start / 512);
    if (part.tree)
      text += fmt::format(" tree@{}", part.tree->range.start / 512);
    if (part.signature)
      text += fmt::format(" signature@{}", part.signature->range.start / 512);
  }
  return text;
}

} // namespace

TEST_CASE("the partitions of a system are told by their types")
{
  CHECK(found_in({{"esp", "ESP"}, {"xbootldr", ""}, {"root", "a"}, {"usr", "b"}, {"var", "c"}}) ==
        "esp@100 xbootldr@200 root@300 usr@400 var@500");
  CHECK(found_in({{"root-verity", "a"}, {"root-verity-sig", "a"}, {"swap", ""}, {"home", ""}}) ==
        "");
}

TEST_CASE("of several roots the one with the newest label counts, an empty slot never")
{
  CHECK(found_in({{"root", "os_9"}, {"root", "os_10"}, {"root", "_empty"}}) == "root@200");
  CHECK(found_in({{"usr", "os_10"}, {"usr", "os_9"}}) == "usr@100");
  CHECK(found_in({{"esp", "1"}, {"esp", "2"}}) == "esp@100");
}

TEST_CASE("a root of this architecture goes before one of another")
{
  CHECK(found_in({{"root-arm64", "9"}, {"root-x86-64", "1"}}) == "root@200");
  CHECK(found_in({{"root-x86-64", "1"}, {"root-arm64", "9"}}) == "root@100");
  CHECK(found_in({{"root-arm64", "9"}}) == "root@100");
}

TEST_CASE("a lone generic partition stands for the root where there is none")
{
  CHECK(found_in({{"esp", ""}, {"linux-generic", "data"}}) == "esp@100 root@200");
  CHECK(found_in({{"linux-generic", "a"}, {"linux-generic", "b"}}) == "");
  CHECK(found_in({{"linux-generic", "a"}, {"root", "b"}}) == "root@200");
  CHECK(found_in({{"linux-generic", "a"}, {"linux-generic", "_empty"}}) == "root@100");
}

TEST_CASE("the read-only flag of a partition is kept")
{
  CHECK(found_in({{"root", "a", verity::attribute::read_only}}) == "root@100!");
}

TEST_CASE("the policy decides what is left of an image")
{
  CHECK(found_in({{"esp", ""}, {"root", "a"}}, "root=open") == "root@200");
  CHECK(found_in({{"esp", ""}, {"root", "a"}}, "-") == "");
  CHECK_THROWS_AS(found_in({{"esp", ""}, {"root", "a"}}, "root=open:=absent"), base::Error);
  CHECK_THROWS_AS(found_in({{"root", "a"}}, "root=open:var=unprotected"), base::Error);
}

TEST_CASE("a partition that is marked not to be found by its type is not, but for the ESP")
{
  CHECK(found_in({{"root", "a", verity::attribute::no_auto}, {"usr", "b"}}) == "usr@200");
  CHECK(found_in({{"esp", "", verity::attribute::no_auto}}) == "esp@100");
}

TEST_CASE("an extension has root and /usr, each with what protects it")
{
  CHECK(extension_in({{"root", ""}, {"root-verity", ""}, {"root-verity-sig", ""}}) ==
        "root@100 tree@200 signature@300");
  CHECK(extension_in({{"usr-verity", ""}, {"usr", ""}, {"root", ""}, {"home", ""}}) ==
        "root@300, usr@200 tree@100");
  CHECK(extension_in({{"linux-generic", ""}}) == "root@100");
  CHECK(extension_in({{"swap", ""}}) == "");
  CHECK(extension_in({{"root", "os_1"}, {"root", "os_2"}}) == "root@200");
}

TEST_CASE("a policy without verity or signatures leaves out what gives them")
{
  const std::vector<Row> rows = {{"root", ""}, {"root-verity", ""}, {"root-verity-sig", ""}};
  CHECK(extension_in(rows, "root=signed") == "root@100 tree@200 signature@300");
  CHECK(extension_in(rows, "root=verity") == "root@100 tree@200");
  CHECK(extension_in(rows, "root=unprotected") == "root@100");
}

TEST_CASE("what protects nothing is refused")
{
  CHECK_THROWS_AS(extension_in({{"root-verity", ""}}), base::Error);
  CHECK_THROWS_AS(extension_in({{"root", ""}, {"root-verity-sig", ""}}), base::Error);
  CHECK_THROWS_AS(extension_in({{"root", ""}, {"usr-arm64", ""}}), base::Error);
  CHECK_THROWS_AS(extension_in({{"root-arm64", ""}, {"root-x86-64-verity", ""}}), base::Error);
}
