// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/automatic.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/automatic");

using handoff::ApplyRecord;
using handoff::AutomaticSettings;
using handoff::Inhibitor;
using handoff::Kexec;
using handoff::Opening;
using handoff::Reach;
using handoff::ReachNow;
using handoff::Turn;
using handoff::TurnFacts;
using handoff::When;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_seconds;

namespace {

const sys_seconds noon{hours(24 * 20000 + 12)};

std::string refusal(const support::TestHost &machine)
{
  try {
    (void)handoff::read_automatic_settings(machine.host);
  } catch (const base::Error &error) {
    return error.what();
  }
  return "accepted";
}

TurnFacts facts(Reach reach)
{
  return {.reach = {reach, {}}, .now = noon};
}

/// "now", "no: why", "no: why, at 3600" after noon.
std::string decided(const TurnFacts &facts)
{
  const Turn turn = handoff::decide_turn(facts);
  if (turn.is_now)
    return "now";
  return "no: " + turn.why +
         (turn.at ? ", at " + std::to_string((*turn.at - noon).count()) : std::string());
}

} // namespace

TEST_CASE("settings are read, windows add up, and an empty one takes them back")
{
  const support::TestHost machine;
  CHECK(handoff::read_automatic_settings(machine.host) == AutomaticSettings{});
  machine.root.write("usr/lib/strake/automatic.conf",
                     "[Automatic]\nPolicy=apply\nWindow=Mon 01:00-02:00 UTC\n");
  machine.root.write("etc/strake/automatic.conf.d/10.conf",
                     "[Automatic]\nPolicyOnMetered=download\nPolicyOnBattery=notify\n"
                     "Window=Tue 01:00-02:00 UTC\nMetricsFile=/var/m.prom\nX-Ours=1\n");
  const AutomaticSettings settings = handoff::read_automatic_settings(machine.host);
  CHECK(settings.policy == Reach::apply);
  CHECK(settings.on_metered == Reach::download);
  CHECK(settings.on_battery == Reach::notify);
  CHECK(settings.windows.size() == 2);
  CHECK(settings.metrics_file == "/var/m.prom");
  CHECK(settings.kexec == Kexec::unwanted);
  machine.root.write("etc/strake/automatic.conf.d/20.conf", "[Automatic]\nWindow=\nKexec=yes\n");
  CHECK(handoff::read_automatic_settings(machine.host).windows.empty());
  CHECK(handoff::read_automatic_settings(machine.host).kexec == Kexec::wanted);
}

TEST_CASE("a setting that is not understood is named, with what it may be")
{
  const support::TestHost machine;
  const auto write = [&](const std::string &line) {
    machine.root.write("etc/strake/automatic.conf", "[Automatic]\n" + line + "\n");
  };
  write("Policy=always");
  CHECK(refusal(machine).find("automatic.conf:2: Policy=always is none of notify, download, stage "
                              "and apply") != std::string::npos);
  write("Window=at night");
  CHECK(refusal(machine).find("automatic.conf:2: Window=at night: at names no days") !=
        std::string::npos);
  write("MetricsFile=m.prom");
  CHECK(refusal(machine).find("MetricsFile=m.prom is no absolute path of a file") !=
        std::string::npos);
  write("MetricsFile=/var/");
  CHECK(refusal(machine).find("MetricsFile=/var/ is no absolute path of a file") !=
        std::string::npos);
  write("Kexec=soon");
  CHECK(refusal(machine).find("automatic.conf:2: Kexec=soon is neither yes nor no") !=
        std::string::npos);
  write("Hook=x");
  CHECK(refusal(machine).find("[Automatic] Hook= is not known") != std::string::npos);
  write("Policy apply");
  CHECK(refusal(machine).find("automatic.conf:2: \"Policy apply\" is neither") !=
        std::string::npos);
}

TEST_CASE("a metered network and a battery make timers go less far, never further")
{
  AutomaticSettings settings{.policy = Reach::apply};
  CHECK(handoff::decide_reach(settings, {}).reach == Reach::apply);
  CHECK(handoff::decide_reach(settings, {}).why.empty());
  const ReachNow metered = handoff::decide_reach(settings, {.is_metered = true});
  CHECK(metered.reach == Reach::notify);
  CHECK(metered.why == "the network is metered");
  const ReachNow battery = handoff::decide_reach(settings, {.is_on_battery = true});
  CHECK(battery.reach == Reach::stage);
  CHECK(battery.why == "the machine runs on battery");
  CHECK(handoff::decide_reach(settings, {true, true}).reach == Reach::notify);
  settings.policy = Reach::notify;
  settings.on_battery = Reach::download;
  CHECK(handoff::decide_reach(settings, {.is_on_battery = true}).reach == Reach::notify);
}

TEST_CASE("the timer's turn is by policy, and by what was said by hand")
{
  CHECK(decided(facts(Reach::apply)) == "now");
  CHECK(decided(facts(Reach::stage)) == "no: Policy=stage leaves it to the next boot");
  TurnFacts battery = facts(Reach::stage);
  battery.reach.why = "the machine runs on battery";
  CHECK(decided(battery) == "no: the machine runs on battery");
  TurnFacts wished = facts(Reach::stage);
  wished.wish = When::window;
  CHECK(decided(wished) == "now");
  wished = facts(Reach::apply);
  wished.wish = When::boot;
  CHECK(decided(wished) == "no: it was left to the next boot by hand");
}

TEST_CASE("the timer waits for a window, for whoever is against it, and after attempts in vain")
{
  TurnFacts each = facts(Reach::apply);
  each.opening = Opening{noon + hours(1), noon + hours(2)};
  CHECK(decided(each) == "no: no window is open, at 3600");
  each.opening = Opening{noon - hours(1), noon + hours(2)};
  CHECK(decided(each) == "now");
  each.inhibitors = {{"backup", "half way through"}, {"b", "c"}};
  CHECK(decided(each) == "no: backup does not want the machine to go down (half way through)");
  each.not_before = noon + minutes(30);
  CHECK(decided(each) == "no: it was tried in vain, at 1800");
  each.opening = Opening{noon + hours(1), noon + hours(2)};
  CHECK(decided(each) == "no: no window is open, at 3600");
}

TEST_CASE("each attempt in vain doubles the pause, up to a day")
{
  handoff::ApplyRecord record{.entry = "a.efi"};
  CHECK(handoff::next_attempt(record) == sys_seconds{});
  record.last_attempt = noon.time_since_epoch().count();
  const std::vector<minutes> pauses = {minutes(15),
                                       minutes(30),
                                       hours(1),
                                       hours(2),
                                       hours(4),
                                       hours(8),
                                       hours(16),
                                       hours(24),
                                       hours(24)};
  for (const minutes pause : pauses) {
    ++record.attempts;
    CHECK(handoff::next_attempt(record) == noon + pause);
  }
  record.attempts = 4'000'000'000;
  CHECK(handoff::next_attempt(record) == noon + hours(24));
}

TEST_CASE("what is known of one boot entry says nothing of another")
{
  const support::TestHost machine;
  const base::Dir dir = machine.root.dir().again();
  const auto read = [&](const std::string &entry) {
    return handoff::read_apply_record(dir, entry);
  };
  const ApplyRecord empty{.entry = "b.efi"};
  CHECK(read("b.efi") == empty);
  handoff::write_apply_record(machine.host.sys, dir, {"a.efi", When::window, 1, 100});
  CHECK(read("a.efi") == ApplyRecord{"a.efi", When::window, 1, 100});
  CHECK(read("b.efi") == empty);
  handoff::write_apply_record(machine.host.sys, dir, {"b.efi", std::nullopt, 2, 200});
  CHECK(read("b.efi") == ApplyRecord{"b.efi", std::nullopt, 2, 200});
  CHECK(read("a.efi") == ApplyRecord{.entry = "a.efi"});
  for (const std::string text :
       {"", "[]", R"({"entry": "b.efi", "when": "later", "attempts": -1, "lastAttempt": "x"})"}) {
    machine.root.write("apply.json", text);
    CHECK_MESSAGE(read("b.efi") == empty, text);
  }
  machine.root.write("var/lib/strake/apply.json", R"({"entry": "b.efi", "when": "boot"})");
  handoff::BootEntry entry;
  entry.name.id = "b.efi";
  CHECK(handoff::apply_record_of(machine.host, entry).wish == When::boot);
  entry.name.id = "c.efi";
  CHECK_FALSE(handoff::apply_record_of(machine.host, entry).wish);
  entry.name.id = "b.efi";
  handoff::forget_attempts(machine.host);
  CHECK_FALSE(handoff::apply_record_of(machine.host, entry).wish);
  handoff::forget_attempts(machine.host);
}

TEST_CASE("where nothing was ever kept, nothing is to be forgotten")
{
  const support::TestHost machine;
  CHECK_NOTHROW(handoff::forget_attempts(machine.host));
}
