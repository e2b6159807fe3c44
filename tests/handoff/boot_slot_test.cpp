// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_slot.hpp"
#include "handoff/slot_disk_bytes.hpp"
#include "support/disk_file.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/boot_slot");

using handoff::BootSlot;
using handoff_test::SlotBytes;

namespace {

BootSlot look_at(const SlotBytes &bytes, const std::string &options)
{
  const support::DiskFile file(bytes.disk);
  const handoff::SlotDisk disk(verity::GptDisk(file.open(), "disk"));
  const auto slots = disk.slots_of(options);
  REQUIRE(slots.size() == 1);
  return slots.front();
}

} // namespace

TEST_CASE("a slot that holds what the command line names has no fault")
{
  const SlotBytes bytes = handoff_test::slot_disk();
  const BootSlot slot = look_at(bytes, bytes.options());
  CHECK(slot.option == "roothash");
  CHECK(slot.number == 1);
  CHECK(slot.label == "os_7");
  CHECK(slot.fault.empty());
}

TEST_CASE("content counts, not names")
{
  SlotBytes bytes = handoff_test::slot_disk();
  SUBCASE("another image lies in the partition")
  {
    bytes.disk[bytes.data_at] = std::byte{0xff};
    CHECK(look_at(bytes, bytes.options()).fault == "its partition holds something else by now");
  }
  SUBCASE("another tree lies in the hash partition")
  {
    bytes.disk[bytes.tree_at + 4096] ^= std::byte{1};
    CHECK(look_at(bytes, bytes.options()).fault ==
          "its hash partition holds the tree of something else by now");
  }
  SUBCASE("no tree at all")
  {
    bytes.disk[bytes.tree_at] = std::byte{0};
    CHECK(look_at(bytes, bytes.options())
              .fault.starts_with("its hash partition holds no hash tree: "));
  }
  SUBCASE("a tree of more data than the partition has room for")
  {
    bytes.disk[bytes.tree_at + 72] = std::byte{9};
    CHECK_FALSE(look_at(bytes, bytes.options()).fault.empty());
  }
  CHECK(look_at(bytes, bytes.options()).label == "os_7");
}

TEST_CASE("a slot that is nowhere is a fault")
{
  const SlotBytes bytes = handoff_test::slot_disk();
  const BootSlot slot = look_at(bytes, "usrhash=" + std::string(64, '5'));
  CHECK(slot.option == "usrhash");
  CHECK(slot.number == 0);
  CHECK(slot.fault == "no partition has the UUID 55555555-5555-5555-5555-555555555555");
}

TEST_CASE("data without its tree is a fault")
{
  SlotBytes bytes = handoff_test::slot_disk();
  const std::string other = verity::hex(bytes.root).substr(0, 32) + std::string(32, '0');
  const BootSlot slot = look_at(bytes, "roothash=" + other);
  CHECK(slot.number == 1);
  CHECK(slot.fault ==
        "no partition with its hash tree has the UUID 00000000-0000-0000-0000-000000000000");
}

TEST_CASE("a command line without hashes has no slots")
{
  const support::DiskFile file(handoff_test::slot_disk().disk);
  CHECK(handoff::SlotDisk(verity::GptDisk(file.open(), "disk")).slots_of("root=/dev/vda2").empty());
}

TEST_SUITE_END();
