// SPDX-License-Identifier: Apache-2.0
#include "overlay/extension_settings.hpp"
#include "overlay/history.hpp"
#include "overlay/identify.hpp"
#include "overlay/merged_system.hpp"
#include "overlay/trial.hpp"
#include "overlay/try_out.hpp"
#include "support/fault_sys.hpp"
#include "support/thrown.hpp"

#include <chrono>
#include <optional>
#include <set>

TEST_SUITE_BEGIN("overlay/rollback");

namespace {

using base::Kind;
using overlay::Generation;
using overlay::Provenance;
using overlay::Request;
using overlay_test::merged_once;
using overlay_test::System;
using support::kind_of;
using namespace std::chrono_literals;

std::vector<std::uint64_t> numbers(const base::Host &host)
{
  std::vector<std::uint64_t> found;
  for (const Generation &each : overlay::read_generations(host))
    found.push_back(each.number);
  return found;
}

using Numbers = std::vector<std::uint64_t>;

void merge_both_sets(System &system)
{
  system.install_one();
  overlay::merge(system.host, {system.request()});
  system.install_two();
  overlay::refresh(system.host, {system.request()});
}

/// Puts back what install_two() took away, unchanged.
void put_first_back(const System &system)
{
  system.root.write("var/lib/extensions/first", "-> ../versions/first-one");
}

/// Starts nothing.
class IdlePrograms final : public base::Runner {
public:
  std::vector<base::Command> started{};
  bool fails = false;

  bool exists(const std::string & /*program*/) override { return true; }

  base::Finished run(const base::Command &command) override
  {
    started.push_back(command);
    return {.status = fails ? 1 : 0, .output = {}, .errors = "no bus\nmore"};
  }

  void start(const base::Command &command) override
  {
    if (fails)
      base::fail(Kind::io, "no process");
    started.push_back(command);
  }
};

class TrialSystem : public System {
public:
  IdlePrograms idle;
  base::Host trial_host{.sys = sys,
                        .programs = idle,
                        .fetcher = fetcher,
                        .clock = clock,
                        .log = host.log,
                        .environment = {},
                        .root = host.root.again(),
                        .machine = host.machine.again(),
                        .is_running_system = false};

  TrialSystem()
  {
    extension("common", "one");
    overlay::merge(trial_host, {request()});
    extension("first", "one");
  }

  void try_first()
  {
    overlay::try_out(trial_host, {request()}, "first", 10min, {{"strake", "take-back"}, {"A=b"}});
  }
};

} // namespace

TEST_CASE("each set that comes into effect is a generation, and known by what is merged")
{
  System system;
  CHECK(overlay::present_generation(system.host).number == 0);
  merge_both_sets(system);
  CHECK(numbers(system.host) == Numbers{1, 2});
  const Generation present = overlay::present_generation(system.host);
  CHECK(present.number == 2);
  CHECK(present.verb == "refresh");
  const auto &set = set_of(present, overlay::Class::sysext);
  CHECK(set.find("common") != nullptr);
  CHECK(set.find("second") != nullptr);
  CHECK(set.find("first") == nullptr);
  CHECK(set_of(present, overlay::Class::confext).all().empty());
  SUBCASE("one that is merged again is none of its own")
  {
    Request request = system.request();
    request.unchanged = Request::Unchanged::merge_again;
    overlay::refresh(system.host, {request});
    overlay::unmerge(system.host, {system.request()});
    CHECK(overlay::present_generation(system.host).number == 0);
    overlay::merge(system.host, {system.request()});
    CHECK(numbers(system.host) == Numbers{1, 2});
    CHECK(overlay::present_generation(system.host).number == 2);
  }
  SUBCASE("one that could not be remembered is remembered by the next run")
  {
    system.remove("var/lib/strake/extensions/generations/2.json");
    CHECK(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
    CHECK(numbers(system.host) == Numbers{1, 2});
  }
  SUBCASE("without any memory of it the next one has a new number")
  {
    system.remove("var/lib/strake");
    put_first_back(system);
    overlay::refresh(system.host, {system.request()});
    CHECK(numbers(system.host) == Numbers{3});
  }
}

TEST_CASE("that a generation cannot be remembered does not keep it from being merged")
{
  System system;
  system.install_one();
  system.root.write("var/lib/strake/extensions/generations/.1.json.new/", "");
  overlay::refresh(system.host, {system.request()});
  CHECK(system.set_in("usr") == "one");
  CHECK(system.said.back().find("merged, but not remembered yet") != std::string::npos);
}

TEST_CASE("wrong settings are told before anything is merged")
{
  System system;
  system.install_one();
  system.root.write("etc/strake/extensions.conf", "[Generations]\nKeep=none\n");
  CHECK(kind_of([&] { overlay::refresh(system.host, {system.request()}); }) == Kind::config);
  CHECK(system.covers() == overlay_test::not_merged);
}

TEST_CASE("a generation is brought back and held, whatever is installed")
{
  System system;
  merge_both_sets(system);
  CHECK(system.set_in("usr") == "two");
  put_first_back(system);
  system.extension("third", "new");
  // Its image is where it was; only the symlink of "common" leads elsewhere by now.
  overlay::roll_back(system.host, {system.request()}, std::nullopt);
  CHECK(system.set_in("usr") == "one");
  CHECK(system.set_in("opt") == "one");
  CHECK(system.text("usr/third") == "(none)");
  CHECK(overlay::held_generation(system.host) == 1);
  CHECK(overlay::present_generation(system.host).number == 1);
  CHECK(numbers(system.host) == Numbers{1, 2});
  SUBCASE("a refresh changes nothing")
  {
    CHECK(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
    CHECK(system.set_in("usr") == "one");
  }
  SUBCASE("nor does a boot, or switching extensions off")
  {
    overlay::set_enabled(system.host, "first", overlay::Enabled::no);
    overlay::unmerge(system.host, {system.request()});
    overlay::refresh(system.host, {system.request()});
    CHECK(system.set_in("usr") == "one");
    CHECK(overlay::present_generation(system.host).number == 1);
  }
  SUBCASE("until it is released")
  {
    overlay::hold(system.host, std::nullopt);
    overlay::refresh(system.host, {system.request()});
    CHECK(system.text("usr/third") == "new");
    CHECK(system.text("usr/common") == "two");
    CHECK(numbers(system.host) == Numbers{1, 2, 3});
  }
  SUBCASE("what has changed by then is left out, and looked for each time")
  {
    system.root.write("var/lib/versions/first-one/usr/first", "changed");
    const auto plans = overlay::refresh(system.host, {system.request()});
    const auto &omitted = plans.front().selection.omitted;
    REQUIRE(omitted.size() == 1);
    CHECK(omitted.front().verdict.rule == "generation");
    CHECK(omitted.front().is_broken);
    CHECK(system.text("usr/first") == "(none)");
    CHECK(system.text("usr/common") == "one");
    CHECK_FALSE(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
  }
  SUBCASE("and cannot be held blindly")
  {
    system.remove("var/lib/strake/extensions/generations/1.json");
    CHECK(kind_of([&] { overlay::refresh(system.host, {system.request()}); }) == Kind::not_found);
    CHECK(system.set_in("usr") == "one");
  }
}

TEST_CASE("a generation comes back in its own order")
{
  System system;
  system.extension("a", "a");
  system.extension("b", "b");
  system.root.write("var/lib/versions/a-a/usr/both", "a");
  system.root.write("var/lib/versions/b-b/usr/both", "b");
  system.root.write("etc/strake/extensions/a.conf", "[Extension]\nPriority=1\n");
  overlay::merge(system.host, {system.request()});
  CHECK(system.text("usr/both") == "a");
  system.remove("etc/strake/extensions/a.conf");
  overlay::refresh(system.host, {system.request()});
  CHECK(system.text("usr/both") == "b");
  overlay::roll_back(system.host, {system.request()}, 1);
  CHECK(system.text("usr/both") == "a");
}

TEST_CASE("a generation that is not there whole any more is not brought back at all")
{
  System system;
  merge_both_sets(system);
  const auto roll_back = [&](std::optional<std::uint64_t> number) {
    return kind_of([&] { overlay::roll_back(system.host, {system.request()}, number); });
  };
  SUBCASE("an image is gone")
  {
    system.remove("var/lib/versions/first-one");
  }
  SUBCASE("an image has changed")
  {
    system.root.write("var/lib/versions/first-one/usr/first", "changed");
  }
  SUBCASE("an image does not fit any more")
  {
    system.remove("var/lib/versions/first-one");
    system.extension("first", "one");
    system.remove_extension("first");
  }
  CHECK(roll_back(1) == Kind::not_found);
  CHECK(system.set_in("usr") == "two");
  CHECK_FALSE(overlay::held_generation(system.host));
  CHECK(roll_back(9) == Kind::not_found);
  system.remove("var/lib/strake");
  CHECK(roll_back(std::nullopt) == Kind::not_found);
}

namespace {

/// One rollback in which one call fails. False if it never came to that call.
bool is_survived(const support::Fault &fault)
{
  System system;
  merge_both_sets(system);
  support::FaultSys faulty(system.root.dir(), fault);
  bool is_done = true;
  try {
    overlay::roll_back(system.host_with(faulty), {system.request()}, 1);
  } catch (const base::Error &) {
    is_done = false;
  }
  if (!faulty.failed())
    return false;
  CAPTURE(*faulty.failed());
  const std::string usr = system.set_in("usr");
  const bool is_whole = usr == "one" || (!is_done && usr == "two");
  CHECK_MESSAGE(is_whole, usr);
  CHECK(system.set_in("opt") == usr);
  overlay::roll_back(system.host, {system.request()}, 1);
  CHECK(system.set_in("usr") == "one");
  CHECK(overlay::held_generation(system.host) == 1);
  CHECK(system.covers() == merged_once);
  return true;
}

} // namespace

TEST_CASE("whatever call of a rollback fails, one set is there whole, and the next try succeeds")
{
  for (const support::FaultTime when : {support::FaultTime::before, support::FaultTime::after}) {
    std::size_t call = 0;
    while (is_survived({call, EIO, when}))
      ++call;
    CHECK(call > 40);
  }
}

TEST_CASE("an extension on trial is merged until its time is over, and never after a boot")
{
  TrialSystem system;
  system.try_first();
  CHECK(system.set_in("usr") == "one");
  CHECK(overlay::read_trial(system.host)->name == "first");
  CHECK_FALSE(overlay::read_extension_settings(system.host, "first").enabled);
  REQUIRE(system.idle.started.size() == 1);
  CHECK(system.idle.started.front().argv == std::vector<std::string>{"strake", "take-back"});
  CHECK(system.idle.started.front().environment == std::vector<std::string>{"A=b"});
  SUBCASE("a refresh in the meantime leaves it")
  {
    CHECK(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
  }
  SUBCASE("it is taken back")
  {
    CHECK(overlay::take_back(system.host, {system.request()}, overlay::Ended::by_hand));
    CHECK(system.text("usr/first") == "(none)");
    CHECK(system.text("usr/common") == "one");
    CHECK_FALSE(overlay::take_back(system.host, {system.request()}, overlay::Ended::by_hand));
  }
  SUBCASE("any refresh takes it back when its time is over, be the guard there or not")
  {
    system.clock.since_boot += 11min;
    overlay::refresh(system.host, {system.request()});
    CHECK(system.text("usr/first") == "(none)");
  }
  SUBCASE("a boot ends it")
  {
    overlay::unmerge(system.host, {system.request()});
    system.remove("run/strake");
    overlay::refresh(system.host, {system.request()});
    CHECK(system.text("usr/first") == "(none)");
  }
  SUBCASE("the guard waits just as long")
  {
    overlay::wait_until_over(system.host);
    CHECK(system.clock.since_boot == 10min);
    CHECK(overlay::take_back(system.host, {system.request()}, overlay::Ended::by_time));
    CHECK(system.text("usr/first") == "(none)");
  }
  SUBCASE("the guard of an earlier one leaves it alone")
  {
    CHECK_FALSE(overlay::take_back(system.host, {system.request()}, overlay::Ended::by_time));
    CHECK(system.text("usr/first") == "one");
  }
  SUBCASE("it is kept, and nothing changes")
  {
    CHECK(overlay::keep(system.host) == "first");
    CHECK(overlay::read_extension_settings(system.host, "first").enabled);
    system.clock.since_boot += 11min;
    CHECK(overlay::refresh(system.host, {system.request()}).front().is_unchanged);
    CHECK(system.set_in("usr") == "one");
    CHECK(kind_of([&] { (void)overlay::keep(system.host); }) == Kind::not_found);
  }
  SUBCASE("it is too late to keep it")
  {
    system.clock.since_boot += 11min;
    CHECK(kind_of([&] { (void)overlay::keep(system.host); }) == Kind::not_found);
  }
  SUBCASE("there is one at a time")
  {
    system.extension("second", "two");
    CHECK(kind_of([&] {
            overlay::try_out(system.trial_host, {system.request()}, "second", 10min, {});
          }) == Kind::busy);
  }
  SUBCASE("a damaged record is none")
  {
    system.root.write("run/strake/extensions/trial", "first\n");
    overlay::refresh(system.host, {system.request()});
    CHECK(system.text("usr/first") == "(none)");
  }
}

TEST_CASE("what cannot be tried changes nothing")
{
  TrialSystem system;
  SUBCASE("one that is not there")
  {
    CHECK(kind_of([&] {
            overlay::try_out(system.trial_host, {system.request()}, "other", 10min, {});
          }) == Kind::not_found);
  }
  SUBCASE("one that is merged already")
  {
    CHECK(kind_of([&] {
            overlay::try_out(system.trial_host, {system.request()}, "common", 10min, {});
          }) == Kind::usage);
  }
  SUBCASE("while a generation is held")
  {
    overlay::hold(system.host, 1);
    CHECK(kind_of([&] { system.try_first(); }) == Kind::usage);
    overlay::hold(system.host, std::nullopt);
  }
  SUBCASE("one that does not fit")
  {
    system.root.write("var/lib/versions/first-one/usr/lib/extension-release.d/"
                      "extension-release.first",
                      "ID=another\n");
    CHECK(kind_of([&] { system.try_first(); }) == Kind::config);
  }
  SUBCASE("without a guard")
  {
    system.idle.fails = true;
    CHECK(kind_of([&] { system.try_first(); }) == Kind::io);
  }
  CHECK(system.text("usr/first") == "(none)");
  CHECK(system.text("usr/common") == "one");
  CHECK_FALSE(overlay::read_trial(system.host));
  CHECK(overlay::read_extension_settings(system.host, "first").enabled);
}

TEST_CASE("where a file comes from, and what it hides")
{
  System system;
  system.install_one();
  system.root.write("var/lib/versions/common-one/usr/shared", "common");
  system.root.write("var/lib/versions/first-one/usr/shared", "first");
  system.root.write("usr/shared", "system");
  system.root.write("usr/link", "-> base");
  system.root.write("bin", "-> usr");
  const auto requests = std::vector{system.request(overlay::Mutability::ephemeral)};
  overlay::merge(system.host, requests);
  const auto identify = [&](const std::string &path) {
    return overlay::identify_path(system.host, requests, path);
  };
  const Provenance shared = identify("/bin/shared");
  CHECK(shared.path == "/usr/shared");
  CHECK(shared.from == Provenance::From::extension);
  CHECK(shared.extension->candidate.image.name == "first");
  CHECK(shared.hides == std::vector<std::string>{"common", "(system)"});
  CHECK(identify("/usr/base").from == Provenance::From::system);
  CHECK(identify("/usr/link").path == "/usr/link");
  CHECK(identify("/usr").hides == std::vector<std::string>{"common", "(system)"});
  CHECK(identify("/usr/.systemd-sysext/dev").from == Provenance::From::metadata);
  system.root.write("usr/new", "written");
  CHECK(identify("/usr/new").from == Provenance::From::written);
  system.root.write("usr/common", "written over");
  CHECK(identify("/usr/common").from == Provenance::From::written);
  CHECK(identify("/usr/common").hides == std::vector<std::string>{"common"});
  CHECK(kind_of([&] { identify("/usr/nothing"); }) == Kind::not_found);
  CHECK(kind_of([&] { identify("/var"); }) == Kind::usage);
  system.root.write("var/lib/versions/first-one/usr/more", "changed");
  CHECK(kind_of([&] { identify("/usr/shared"); }) == Kind::not_found);
}

TEST_CASE("what would be merged if the system were another one")
{
  System system;
  system.install_one();
  system.root.write("var/lib/versions/first-one/usr/lib/extension-release.d/"
                    "extension-release.first",
                    "ID=test\nVERSION_ID=1\n");
  system.root.write("next/os-release", "ID=test\nVERSION_ID=2\n");
  system.root.write("next/empty", "NAME=test\n");
  Request request = system.request();
  CHECK(overlay::make_plan(system.host, request).selection.omitted.empty());
  request.target = overlay::read_target(system.host, "/next/os-release");
  const overlay::Plan plan = overlay::make_plan(system.host, request);
  REQUIRE(plan.selection.omitted.size() == 1);
  CHECK(plan.selection.omitted.front().image.name == "first");
  CHECK(plan.selection.omitted.front().verdict.rule == "version-id");
  CHECK(kind_of([&] { (void)overlay::read_target(system.host, "/next/none"); }) == Kind::not_found);
  CHECK(kind_of([&] { (void)overlay::read_target(system.host, "/next/empty"); }) == Kind::config);
}
