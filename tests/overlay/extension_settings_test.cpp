// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/extension_settings.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <array>

TEST_SUITE_BEGIN("overlay/extension_settings");

using base::Kind;
using overlay::Enabled;
using overlay::ExtensionSettings;
using support::TestHost;

namespace {

using Names = std::vector<std::string>;

const std::string drop_in = "etc/strake/extensions/foo.conf.d/50-strake-enabled.conf";

ExtensionSettings read(const TestHost &machine, const std::string &name = "foo")
{
  return overlay::read_extension_settings(machine.host, name);
}

template <typename Body> std::string refusal(Kind kind, Body &&body)
{
  try {
    body();
  } catch (const base::Error &error) {
    CHECK(error.kind() == kind);
    return error.what();
  }
  FAIL("nothing was refused");
  return {};
}

} // namespace

TEST_CASE("an extension without settings is enabled, above the system, of priority 0 and alone")
{
  const TestHost machine;
  machine.root.write("etc/strake/extensions/other.conf", "[Extension]\nEnabled=no\n");
  CHECK(read(machine) == ExtensionSettings{});
  CHECK(read(machine).enabled);
  CHECK_FALSE(read(machine, "other").enabled);
}

TEST_CASE("each key is read into its field")
{
  const TestHost machine;
  machine.root.write(
      "etc/strake/extensions/foo.conf",
      "[Extension]\nEnabled=off\nPriority=-20\nAfter=a \"b c\"\nRequires=d\n"
      "Conflicts=e f\nBelow=true\nAllowDangers=set-user "
      "whiteout\nWhenUnfit=warn\nData=/var/lib/x \"/srv/a b\"\nX-Owner=us\n[X-Ours]\nk=v\n");
  CHECK(read(machine) == ExtensionSettings{.enabled = false,
                                           .priority = -20,
                                           .after = {"a", "b c"},
                                           .required = {"d"},
                                           .conflicts = {"e", "f"},
                                           .below = true,
                                           .allowed_dangers = {overlay::DangerRule::set_user,
                                                               overlay::DangerRule::whiteout},
                                           .when_unfit = ExtensionSettings::Unfit::warn,
                                           .data = {"/var/lib/x", "/srv/a b"}});
}

TEST_CASE("files of /etc mask those of the vendor, drop-ins come after them, and lists add up")
{
  const TestHost machine;
  machine.root.write("usr/lib/strake/extensions/foo.conf",
                     "[Extension]\nPriority=1\nAfter=never\n");
  machine.root.write("run/strake/extensions/foo.conf", "[Extension]\nAfter=a\nBelow=yes\n");
  machine.root.write("usr/lib/strake/extensions/foo.conf.d/20.conf",
                     "[Extension]\nAfter=b\nAfter=a c\nBelow=\n");
  machine.root.write("usr/local/lib/strake/extensions/foo.conf.d/10.conf",
                     "[Extension]\nPriority=7\nRequires=x\nRequires=\nRequires=y\n");
  CHECK(read(machine) ==
        ExtensionSettings{.priority = 7, .after = {"a", "b", "c"}, .required = {"y"}});
}

TEST_CASE("what is not understood ends the run with file, line and what was expected")
{
  const TestHost machine;
  const std::string file = "etc/strake/extensions/foo.conf";
  const std::array<std::pair<std::string, std::string>, 18> rows = {{
      {"[Extension]\nData=var\n", ":2: Data=var is no list of absolute paths"},
      {"[Extension]\nData=/var/../etc\n", ":2: Data=/var/../etc is no list of absolute"},
      {"[Extension]\nWhenUnfit=ask\n",
       ":2: WhenUnfit=ask is no thing to do; write block, warn or drop"},
      {"[Extension]\nAllowDangers=all\n",
       ":2: AllowDangers=all is no list of dangers; there are shadows-system, "},
      {"[Extension]\nAllowDangers=\"a\n", ":2: AllowDangers=\"a is no list of dangers"},
      {"[Extension]\nEnabled=perhaps\n", ":2: Enabled=perhaps is no boolean; write yes or no"},
      {"[Extension]\nBelow=2\n", ":2: Below=2 is no boolean; write yes or no"},
      {"[Extension]\n\nPriority=high\n", ":3: Priority=high is no priority; write a whole number"},
      {"[Extension]\nPriority=1.5\n", ":2: Priority=1.5 is no priority"},
      {"[Extension]\nPriority=2147483648\n", ":2: Priority=2147483648 is no priority"},
      {"[Extension]\nPriority=--1\n", ":2: Priority=--1 is no priority"},
      {"[Extension]\nAfter=a/b\n", ":2: After=a/b is no list of names of extensions"},
      {"[Extension]\nRequires=\"a\n", ":2: Requires=\"a is no list of names; a quote"},
      {"[Extension]\nConflicts=..\n", ":2: Conflicts=.. is no list of names of extensions"},
      {"[Extension]\nAfter=b foo\n", ": the extension foo names itself in After="},
      {"[Extension]\nEnable=yes\n",
       ":2: [Extension] Enable= is not known; [Extension] has Enabled=, Priority=, After="},
      {"[Extensions]\nEnabled=yes\n", ":2: [Extensions] Enabled= is not known"},
      {"Enabled=no\n", ":1: \"Enabled=no\" stands before the first section"},
  }};
  for (const auto &[text, why] : rows) {
    CAPTURE(text);
    machine.root.write(file, text);
    const std::string said = refusal(Kind::config, [&] { (void)read(machine); });
    CHECK(said.starts_with(machine.root.dir().display(file) + why));
  }
}

TEST_CASE("a priority can be as large and as small as 32 bits have it")
{
  const TestHost machine;
  machine.root.write("etc/strake/extensions/foo.conf", "[Extension]\nPriority=2147483647\n");
  CHECK(read(machine).priority == 2147483647);
  machine.root.write("etc/strake/extensions/foo.conf", "[Extension]\nPriority=-2147483647\n");
  CHECK(read(machine).priority == -2147483647);
}

TEST_CASE("a name so long that no file can have it has no settings")
{
  const TestHost machine;
  CHECK(read(machine, std::string(255, 'x')) == ExtensionSettings{});
  CHECK(read(machine, std::string(248, 'x')) == ExtensionSettings{});
}

TEST_CASE("an extension is switched off and on again by a drop-in, and twice is as once")
{
  const TestHost machine;
  machine.root.write("usr/lib/strake/extensions/foo.conf", "[Extension]\nPriority=3\n");
  for (const Enabled enabled : {Enabled::no, Enabled::no, Enabled::yes, Enabled::yes}) {
    overlay::set_enabled(machine.host, "foo", enabled);
    CHECK(read(machine).enabled == (enabled == Enabled::yes));
    CHECK(read(machine).priority == 3);
  }
  CHECK(machine.root.read(drop_in) == "[Extension]\nEnabled=yes\n");
}

TEST_CASE("switching an extension goes over what its own file says")
{
  const TestHost machine;
  machine.root.write("etc/strake/extensions/foo.conf", "[Extension]\nEnabled=no\n");
  machine.root.write("etc/strake/extensions/foo.conf.d/10.conf", "[Extension]\nEnabled=no\n");
  overlay::set_enabled(machine.host, "foo", Enabled::yes);
  CHECK(read(machine).enabled);
}

TEST_CASE("nothing is written where another file would have the last word")
{
  const TestHost machine;
  const std::string later = "run/strake/extensions/foo.conf.d/90.conf";
  machine.root.write(later, "[Extension]\nEnabled=yes\n");
  const std::string why =
      refusal(Kind::config, [&] { overlay::set_enabled(machine.host, "foo", Enabled::no); });
  CHECK(why.starts_with(machine.root.dir().display(later) + ":2 says Enabled=yes"));
  CHECK_FALSE(machine.root.exists(drop_in));
  overlay::set_enabled(machine.host, "foo", Enabled::yes);
  CHECK(machine.root.exists(drop_in));
}

TEST_CASE("nothing is written for a name that no image has, or beside settings that are wrong")
{
  const TestHost machine;
  for (const char *name : {"", "..", "a/b", "a\nb"})
    (void)refusal(Kind::usage, [&] { overlay::set_enabled(machine.host, name, Enabled::no); });
  CHECK_FALSE(machine.root.exists("etc"));
  machine.root.write("usr/lib/strake/extensions/foo.conf", "[Extension]\nPriority=x\n");
  (void)refusal(Kind::config, [&] { overlay::set_enabled(machine.host, "foo", Enabled::no); });
  CHECK_FALSE(machine.root.exists("etc"));
}
