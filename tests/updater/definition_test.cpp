// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "support/test_host.hpp"
#include "updater/definition.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("updater/definition");

using updater::Definitions;
using updater::Transfer;
using Strings = std::vector<std::string>;

namespace {

std::string transfer(const std::string &head = "")
{
  return head + "[Source]\nType=url-file\nPath=https://e/\nMatchPattern=x_@v\n[Target]\nPath=/t\n";
}

Strings ids(const std::vector<Transfer> &transfers)
{
  Strings result;
  for (const Transfer &each : transfers)
    result.push_back(each.id);
  return result;
}

} // namespace

TEST_CASE("transfers come in the order of their names, from the whole search path")
{
  const support::TestHost test;
  test.root.write("usr/lib/sysupdate.d/20.transfer", transfer());
  test.root.write("usr/local/lib/sysupdate.d/30.transfer", transfer());
  test.root.write("run/sysupdate.d/10.transfer", transfer());
  test.root.write("etc/sysupdate.d/40.transfer", transfer());
  test.root.write("usr/lib/sysupdate.d/50.transfer", transfer());
  test.root.write("etc/sysupdate.d/50.transfer", "-> /dev/null");
  test.root.write("usr/lib/sysupdate.d/60.conf", "nonsense");
  const Definitions definitions = updater::read_definitions(test.host, {});
  CHECK(ids(definitions.transfers) == Strings{"10", "20", "30", "40"});
  CHECK(definitions.disabled.empty());
  CHECK(definitions.warnings.empty());
  CHECK_FALSE(definitions.component);
}

TEST_CASE("without any definition there is nothing, and that is no failure")
{
  const support::TestHost test;
  CHECK(updater::read_definitions(test.host, {}).transfers.empty());
}

TEST_CASE("where no .transfer is, .conf files are read with a warning")
{
  const support::TestHost test;
  test.root.write("usr/lib/sysupdate.d/10-old.conf", transfer());
  const Definitions definitions = updater::read_definitions(test.host, {});
  CHECK(ids(definitions.transfers) == Strings{"10-old"});
  CHECK(definitions.warnings ==
        Strings{test.root.path() +
                "/usr/lib/sysupdate.d/10-old.conf: there are no .transfer files, so .conf files "
                "are read as such; rename them to .transfer"});
}

TEST_CASE("features decide which transfers are on")
{
  const support::TestHost test;
  const auto add = [&](const std::string &name, const std::string &text) {
    test.root.write("usr/lib/sysupdate.d/" + name, text);
  };
  add("on.feature", "[Feature]\nEnabled=yes\n");
  add("off.feature", "[Feature]\nDescription=Off\n");
  add("1-always.transfer", transfer());
  add("2-on.transfer", transfer("[Transfer]\nFeatures=off on\n"));
  add("3-off.transfer", transfer("[Transfer]\nFeatures=off\n"));
  add("4-all-on.transfer", transfer("[Transfer]\nRequisiteFeatures=on\n"));
  add("5-one-off.transfer", transfer("[Transfer]\nFeatures=on\nRequisiteFeatures=on off\n"));
  add("6-unknown.transfer", transfer("[Transfer]\nFeatures=nowhere\n"));
  Definitions definitions = updater::read_definitions(test.host, {});
  CHECK(ids(definitions.transfers) == Strings{"1-always", "2-on", "4-all-on"});
  CHECK(ids(definitions.disabled) == Strings{"3-off", "5-one-off", "6-unknown"});
  CHECK(definitions.transfers.at(0).enabled);
  CHECK_FALSE(definitions.disabled.at(0).enabled);

  test.root.write("etc/sysupdate.d/off.feature.d/50-systemd-sysupdate-enabled.conf",
                  "[Feature]\nEnabled=yes\n");
  definitions = updater::read_definitions(test.host, {});
  CHECK(ids(definitions.disabled) == Strings{"6-unknown"});
}

TEST_CASE("a directory that is given takes the place of the search path, with its drop-ins")
{
  const support::TestHost test;
  test.root.write("etc/sysupdate.d/10.transfer", transfer());
  test.root.write("my/20.transfer", transfer());
  test.root.write("my/20.transfer.d/1.conf", "[Transfer]\nMinVersion=3\n");
  test.root.write("etc/sysupdate.d/20.transfer.d/2.conf", "[Transfer]\nMinVersion=4\n");
  const Definitions definitions = updater::read_definitions(test.host, {.directory = "/my"});
  CHECK(ids(definitions.transfers) == Strings{"20"});
  CHECK(definitions.transfers.at(0).min_version == "3");
}

TEST_CASE("a component has definitions and features of its own")
{
  const support::TestHost test;
  test.root.write("etc/sysupdate.d/10.transfer", transfer());
  test.root.write("run/sysupdate.box.d/20.transfer", transfer());
  test.root.write("run/sysupdate.box.d/f.feature", "[Feature]\nDescription=F\n");
  test.root.write("run/sysupdate.box.component", "[Component]\nDescription=A box\n");
  const Definitions definitions = updater::read_definitions(test.host, {.component = "box"});
  CHECK(ids(definitions.transfers) == Strings{"20"});
  CHECK(definitions.features.at(0).id == "f");
  CHECK(definitions.component.value().description == "A box");
}

TEST_CASE("one transfer that can't work stops the whole, because the rest would be half a version")
{
  const support::TestHost test;
  test.root.write("etc/sysupdate.d/10.transfer", transfer());
  test.root.write("etc/sysupdate.d/20.transfer", "[Source]\nType=tar\n");
  CHECK_THROWS_WITH_AS((void)updater::read_definitions(test.host, {}),
                       doctest::Contains("/etc/sysupdate.d/20.transfer: [Source] needs Path="),
                       base::Error);
}
