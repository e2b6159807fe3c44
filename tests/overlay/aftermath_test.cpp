// SPDX-License-Identifier: Apache-2.0
#include "overlay/aftermath.hpp"
#include "overlay/layer.hpp"
#include "overlay/merged_system.hpp"
#include "overlay/plan.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE_BEGIN("overlay/aftermath");

namespace {

using overlay::Aftermath;
using overlay::Topic;
using overlay::Topics;
using overlay::UsedExtension;
using overlay::UsedSet;
using overlay_test::System;
using Lines = std::vector<std::string>;

UsedExtension extension(const std::string &name, Topics topics, overlay::FollowUps wishes = {})
{
  UsedExtension used;
  used.candidate.image.name = name;
  used.topics = std::move(topics);
  used.wishes = std::move(wishes);
  return used;
}

UsedSet set(std::vector<UsedExtension> above)
{
  return {.above = std::move(above), .below = {}};
}

Topics topics_in(const support::TempRoot &root, overlay::Class extension_class)
{
  return overlay::topics_of({root.dir().again(), ""}, extension_class);
}

} // namespace

TEST_CASE(
    "only what came, went or changed is followed up, and what is gone has no files to be named")
{
  const UsedExtension same = extension("same", {{Topic::udev, {}}});
  const UsedExtension gone = extension("gone",
                                       {{Topic::tmpfiles, {"gone.conf"}}, {Topic::units, {}}},
                                       {.reload_manager = true,
                                        .restart_units = {"gone.service"},
                                        .reload_or_restart_units = {},
                                        .refused = {}});
  UsedExtension old = extension("app", {{Topic::sysusers, {"old.conf"}}, {Topic::dbus, {}}});
  UsedExtension fresh = extension("app", {{Topic::sysusers, {"app.conf"}}});
  fresh.candidate.identity.content = "new";
  const Aftermath aftermath = aftermath_of(set({same, gone, old}), set({same, fresh}));
  CHECK(aftermath.topics ==
        Topics{{Topic::sysusers, {"app.conf"}}, {Topic::units, {}}, {Topic::dbus, {}}});
  CHECK(aftermath.wishes.restart_units == Lines{"gone.service"});
  CHECK(aftermath_of(set({same}), set({same})) == Aftermath{});
}

TEST_CASE("the commands come in their order, each once, less what is switched off")
{
  Aftermath all = aftermath_of(set({}),
                               set({extension("a", {{Topic::dbus, {}}, {Topic::linker_cache, {}}}),
                                    extension("b", {{Topic::sysusers, {"b.conf", "c.conf"}}})}));
  add(all,
      aftermath_of(set({}),
                   set({extension("d",
                                  {{Topic::sysusers, {"b.conf"}}, {Topic::linker_cache, {}}},
                                  {.reload_manager = true,
                                   .restart_units = {"one.service"},
                                   .reload_or_restart_units = {"two.service"},
                                   .refused = {}})})));
  CHECK(shown_commands(without(all, {})) == Lines{"ldconfig",
                                                  "systemd-sysusers -- b.conf c.conf",
                                                  "systemctl --no-ask-password daemon-reload",
                                                  "systemctl --no-ask-password reload dbus.service",
                                                  "systemctl restart one.service",
                                                  "systemctl reload-or-restart two.service"});
  CHECK(shown_commands(without(
            all, {.without = {Topic::linker_cache, Topic::units, Topic::dbus}, .units = false})) ==
        Lines{"systemd-sysusers -- b.conf c.conf"});
}

TEST_CASE("what an extension brings is found in the places that its class merges")
{
  const support::TempRoot root({{"usr/lib/sysusers.d/app.conf", ""},
                                {"usr/lib/sysusers.d/README", ""},
                                {"usr/lib/sysusers.d/-x.conf", ""},
                                {"usr/lib/udev/rules.d/9.rules", ""},
                                {"usr/lib/udev/hwdb.d/9.hwdb", ""},
                                {"usr/lib/systemd/system/app.service", ""},
                                {"usr/share/dbus-1/system-services/app.service", ""},
                                {"usr/lib/x86_64-linux-gnu/libapp.so.1", ""},
                                {"etc/tmpfiles.d/app.conf", ""},
                                {"etc/ld.so.conf.d/app.conf", ""}});
  CHECK(topics_in(root, overlay::Class::sysext) == Topics{{Topic::linker_cache, {}},
                                                          {Topic::sysusers, {"app.conf"}},
                                                          {Topic::hardware_database, {}},
                                                          {Topic::udev, {}},
                                                          {Topic::units, {}},
                                                          {Topic::dbus, {}}});
  CHECK(topics_in(root, overlay::Class::confext) ==
        Topics{{Topic::linker_cache, {}}, {Topic::tmpfiles, {"app.conf"}}});
  const support::TempRoot odd({{"usr/lib/sysusers.d", "no directory"},
                               {"usr/lib/udev", "no directory"},
                               {"usr/lib64", "-> lib64"},
                               {"usr/share", "-> share"}});
  CHECK(topics_in(odd, overlay::Class::sysext).empty());
  const support::TempRoot plain({{"usr/lib/libraries/notes.so.txt", ""}, {"usr/bin/app", ""}});
  CHECK(topics_in(plain, overlay::Class::sysext).empty());
}

TEST_CASE("a plan says what is to be followed up, from the record of what is merged")
{
  System system;
  system.extension("app", "1");
  system.root.write("var/lib/versions/app-1/usr/lib/sysusers.d/app.conf", "");
  system.root.write("var/lib/versions/app-1/usr/lib/udev/rules.d/app.rules", "");
  const auto planned = [&](const overlay::Request &request) {
    return shown_commands(planned_aftermath(system.host, make_plan(system.host, request)));
  };
  const Lines both = {"systemd-sysusers -- app.conf", "udevadm control --reload"};
  CHECK(planned(system.request()) == both);
  overlay::Request quiet = system.request();
  quiet.service_manager = overlay::Request::ServiceManager::leave_alone;
  CHECK(planned(quiet).empty());
  overlay::Request systemd_like = system.request();
  systemd_like.told = overlay::Request::Told::service_manager;
  CHECK(planned(systemd_like).empty());
  system.root.write("etc/strake/extensions.conf", "[FollowUps]\nUdev=no\n");
  CHECK(planned(system.request()) == Lines{"systemd-sysusers -- app.conf"});
  overlay::refresh(system.host, {system.request()});
  overlay::Request again = system.request();
  again.unchanged = overlay::Request::Unchanged::merge_again;
  CHECK(planned(again).empty());
  system.root.write("var/lib/versions/app-1/usr/lib/extension-release.d/extension-release.app",
                    "ID=_any\nEXTENSION_RESTART_UNITS=one.service\n");
  overlay::refresh(system.host, {system.request()});
  CHECK(planned(again).empty());
  systemd_like.unchanged = overlay::Request::Unchanged::merge_again;
  CHECK(planned(systemd_like) ==
        Lines{"systemctl --no-ask-password daemon-reload", "systemctl restart one.service"});
  system.root.write("etc/strake/extensions.conf", "");
  system.remove_extension("app");
  CHECK(planned(system.request()) == Lines{"udevadm control --reload",
                                           "systemctl --no-ask-password daemon-reload",
                                           "systemctl restart one.service"});
}
