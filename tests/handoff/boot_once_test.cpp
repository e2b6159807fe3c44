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

/// bootctl, which ends so.
class BootControl final : public base::Runner {
public:
  explicit BootControl(base::Finished end) : end_(std::move(end)) {}

  std::vector<std::string> asked;

  bool exists(const std::string &) override { return true; }

  base::Finished run(const base::Command &command) override
  {
    asked = command.argv;
    return end_;
  }

  void start(const base::Command &) override {}

private:
  base::Finished end_;
};

void ask(base::Runner &programs, const std::string &id)
{
  const support::TestHost machine;
  handoff::boot_once({.sys = machine.host.sys,
                      .programs = programs,
                      .fetcher = machine.host.fetcher,
                      .clock = machine.host.clock,
                      .log = machine.host.log,
                      .environment = {},
                      .root = machine.root.dir().again(),
                      .machine = machine.root.dir().again(),
                      .is_running_system = true},
                     id);
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
  CHECK(refusal({}, "none.efi") == "there is no boot entry none.efi; there are: none");
}

TEST_CASE("bootctl is asked, and its failure is one")
{
  using Words = std::vector<std::string>;
  BootControl willing({0, "", ""});
  ask(willing, "a.efi");
  CHECK(willing.asked == Words{"bootctl", "set-oneshot", "a.efi"});
  ask(willing, "");
  CHECK(willing.asked == Words{"bootctl", "set-oneshot", ""});
  BootControl unwilling({1, "", "Not booted with UEFI."});
  CHECK_THROWS_WITH_AS(
      ask(unwilling, "a.efi"), "bootctl set-oneshot failed: Not booted with UEFI.", base::Error);
}
