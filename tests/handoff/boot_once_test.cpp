// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/boot_once.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/boot_once");

using handoff::BootState;
using handoff::MenuEntry;

namespace {

MenuEntry entry(const std::string &id, BootState state)
{
  MenuEntry made;
  made.entry.name.id = id;
  made.file = "/efi/EFI/Linux/" + id;
  made.state = state;
  return made;
}

std::string refusal(const std::vector<MenuEntry> &menu, const std::string &id)
{
  try {
    return "accepted " + handoff::choose_once(menu, id).entry.name.id;
  } catch (const base::Error &error) {
    return error.what();
  }
}

} // namespace

TEST_CASE("only what can boot is booted once")
{
  std::vector<MenuEntry> menu{entry("good.efi", BootState::good),
                              entry("counted.efi", BootState::counted),
                              entry("old.efi", BootState::given_up),
                              entry("bad.efi", BootState::damaged)};
  menu[3].faults = {"it has no content"};
  CHECK(refusal(menu, "good.efi") == "accepted good.efi");
  CHECK(refusal(menu, "counted.efi") == "accepted counted.efi");
  CHECK(refusal(menu, "old.efi") == "/efi/EFI/Linux/old.efi cannot boot: it was given up");
  CHECK(refusal(menu, "bad.efi") == "/efi/EFI/Linux/bad.efi cannot boot: it has no content");
  CHECK(refusal(menu, "none.efi") ==
        "there is no boot entry none.efi; there are: good.efi, counted.efi, old.efi, bad.efi");
  menu[0].entry.type = handoff::BootEntryType::marked;
  CHECK(refusal(menu, "good.efi") ==
        "good.efi is a partition, and its boot loader takes no word for one boot");
  CHECK(refusal({}, "none.efi") == "there is no boot entry none.efi; there are: none");
}

TEST_CASE(
    "the word is kept as the firmware keeps it, in place of an earlier one, until it is taken back")
{
  const support::TestHost machine;
  const std::string variables = "sys/firmware/efi/efivars/";
  const std::string variable =
      variables + "LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
  machine.root.write(variables, "");
  for (const std::string id : {"b", "a"}) {
    handoff::boot_once(machine.host, id);
    CHECK(machine.root.read(variable) ==
          std::string("\7\0\0\0", 4) + id + std::string("\0\0\0", 3));
  }
  handoff::boot_once(machine.host, "");
  CHECK_FALSE(machine.root.exists(variable));
  handoff::boot_once(machine.host, "");
  handoff::boot_once(machine.host, "a");
  handoff::forget_once(machine.host);
  CHECK_FALSE(machine.root.exists(variable));
  handoff::forget_once(machine.host);
}

TEST_CASE("a machine without such firmware is told so")
{
  const support::TestHost machine;
  CHECK_THROWS_WITH_AS(handoff::boot_once(machine.host, "a"),
                       "this machine was not started by EFI firmware, which would keep the word",
                       base::Error);
}
