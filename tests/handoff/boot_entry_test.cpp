// SPDX-License-Identifier: Apache-2.0
#include "handoff/boot_entry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

TEST_SUITE_BEGIN("handoff/boot_entry");

using handoff::BootEntry;
using handoff::BootEntryType;
using handoff::comes_before;
using handoff::parse_boot_name;

namespace {

BootEntry entry(const std::string &file, const std::string &text)
{
  return handoff::parse_text_entry(parse_boot_name(file, ".conf").value(), text);
}

/// The ids in the order of the menu, from the worst possible order.
std::vector<std::string> menu(std::vector<BootEntry> entries)
{
  std::sort(entries.rbegin(), entries.rend(), comes_before);
  std::sort(entries.begin(), entries.end(), comes_before);
  std::vector<std::string> files;
  for (const BootEntry &each : entries)
    files.push_back(handoff::text_of(each.name));
  return files;
}

} // namespace

TEST_CASE("a text entry says what it boots")
{
  const BootEntry read = entry("os.conf",
                               "# a comment\n"
                               "title\tThe system \r\n"
                               "version 7\n"
                               "sort-key os\n"
                               "machine-id 0123456789abcdef0123456789abcdef\n"
                               "architecture x64\n"
                               "linux /os/vmlinuz\n"
                               "initrd /os/one\n"
                               "initrd /os/two\n"
                               "devicetree-overlay /os/a.dtbo /os/b.dtbo\n"
                               "extra /os/more.cred\n"
                               "options root=/dev/vda2\n"
                               "options quiet\n"
                               "title\n"
                               "unheard-of thing\n");
  CHECK(read.title == "The system");
  CHECK(read.version == "7");
  CHECK(read.sort_key == "os");
  CHECK(read.machine_id == "0123456789abcdef0123456789abcdef");
  CHECK(read.architecture == "x64");
  CHECK(read.program == "/os/vmlinuz");
  CHECK(read.needs == std::vector<std::string>{
                          "/os/one", "/os/two", "/os/a.dtbo", "/os/b.dtbo", "/os/more.cred"});
  CHECK(read.options == "root=/dev/vda2 quiet");
}

TEST_CASE("a unified kernel image is described by its os-release and command line")
{
  const handoff::UnifiedImage image{
      .texts = {{".osrel",
                 "ID=os\nIMAGE_ID=\"os-image\"\nPRETTY_NAME='The System'\nVERSION_ID=7\n"
                 "IMAGE_VERSION=7.1\n"},
                {".cmdline", "quiet\nroothash=00 \n"}},
      .has_kernel = true};
  const BootEntry read = handoff::describe(parse_boot_name("os.efi", ".efi").value(), image);
  CHECK(read.type == BootEntryType::unified);
  CHECK(read.title == "The System");
  CHECK(read.version == "7.1");
  CHECK(read.sort_key == "os-image");
  CHECK(read.options == "quiet roothash=00");
}

TEST_CASE("entries are ordered as boot loaders do it")
{
  const std::string os = "sort-key os\nversion ";
  SUBCASE("those that have no try left are last")
  {
    CHECK(menu({entry("a+0-3.conf", os + "9"), entry("b.conf", os + "1"), entry("c.conf", "")}) ==
          std::vector<std::string>{"b.conf", "c.conf", "a+0-3.conf"});
  }
  SUBCASE("a sort key goes before none, and lower ones before higher")
  {
    CHECK(menu({entry("a.conf", "version 9"),
                entry("b.conf", "sort-key z"),
                entry("c.conf", "sort-key y")}) ==
          std::vector<std::string>{"c.conf", "b.conf", "a.conf"});
  }
  SUBCASE("then the machine, and the newest version of it")
  {
    CHECK(menu({entry("a.conf", os + "10\nmachine-id 2"),
                entry("b.conf", os + "9\nmachine-id 1"),
                entry("c.conf", os + "10\nmachine-id 1")}) ==
          std::vector<std::string>{"c.conf", "b.conf", "a.conf"});
  }
  SUBCASE("then the name, as if it were a version")
  {
    CHECK(menu({entry("os-9.conf", ""), entry("os-10.conf", "")}) ==
          std::vector<std::string>{"os-10.conf", "os-9.conf"});
  }
  SUBCASE("of one name that which was tried least")
  {
    CHECK(menu({entry("os+1-2.conf", os + "1"),
                entry("os.conf", os + "1"),
                entry("os+3-1.conf", os + "1"),
                entry("os+3-0.conf", os + "1")}) ==
          std::vector<std::string>{"os.conf", "os+3-0.conf", "os+3-1.conf", "os+1-2.conf"});
  }
}

TEST_CASE("root hashes are found on a command line")
{
  const std::string hash(64, 'a');
  const auto hashes = handoff::root_hashes("quiet roothash=" + hash + "\tusrhash=" + hash +
                                           " xroothash=" + hash + " roothash=short");
  REQUIRE(hashes.size() == 2);
  CHECK(hashes[0].option == "roothash");
  CHECK(hashes[1].option == "usrhash");
  CHECK(verity::hex(hashes[1].hash) == hash);
}

TEST_SUITE_END();
