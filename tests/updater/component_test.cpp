// SPDX-License-Identifier: Apache-2.0
#include "support/test_host.hpp"
#include "updater/component.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("updater/component");

using updater::Component;
using updater::Condition;
using updater::DropIn;
using updater::Enabled;
using updater::Feature;
using updater::Subject;
using Strings = std::vector<std::string>;

TEST_CASE("a feature has all that its file says, and is off by default")
{
  const support::TestHost test;
  test.root.write("etc/sysupdate.d/f.feature",
                  "[Feature]\nDescription=Debugging tools\nDocumentation=https://e/1\n"
                  "Documentation=https://e/2\nAppStream=https://e/f.xml\nSuggest=yes\n"
                  "SuggestOnHost=|box*\nSuggestOnFirmware=! uefi\nSuggestOnHost=\n"
                  "SuggestOnArchitecture=arm64\n");
  Strings warnings;
  const Strings directories = {"/etc/sysupdate.d"};
  const base::Specifiers specifiers;
  const Feature feature = updater::read_feature({test.host.root, directories, specifiers, warnings},
                                                {"f.feature", "/etc/sysupdate.d/f.feature"});
  CHECK(warnings.empty());
  CHECK(feature.id == "f");
  CHECK(feature.file == test.root.path() + "/etc/sysupdate.d/f.feature");
  CHECK(feature.description == "Debugging tools");
  CHECK(feature.documentation == Strings{"https://e/1", "https://e/2"});
  CHECK(feature.appstream == "https://e/f.xml");
  CHECK_FALSE(feature.enabled);
  CHECK(feature.suggestion.fixed == true);
  CHECK(feature.suggestion.conditions ==
        std::vector<Condition>{
            {.subject = Subject::firmware, .sense = Condition::Sense::negated, .parameter = "uefi"},
            {.subject = Subject::architecture, .parameter = "arm64"}});
}

TEST_CASE("a component is on by default, and its drop-ins count even without a file")
{
  const support::TestHost test;
  Strings warnings;
  CHECK(updater::read_component(test.host, "box", warnings).enabled);
  test.root.write("etc/sysupdate.box.component.d/50-systemd-sysupdate-enabled.conf",
                  "[Component]\nEnabled=no\nAppStream=https://e/\n");
  Component component = updater::read_component(test.host, "box", warnings);
  CHECK(component.name == "box");
  CHECK(component.file == "");
  CHECK_FALSE(component.enabled);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].ends_with(":3: [Component] AppStream= is not known and was ignored"));

  test.root.write("usr/lib/sysupdate.box.component", "[Component]\nDescription=Box\n");
  component = updater::read_component(test.host, "box", warnings);
  CHECK(component.file == test.root.path() + "/usr/lib/sysupdate.box.component");
  CHECK(component.description == "Box");
}

TEST_CASE("components are the directories of the search path, without those of drop-ins")
{
  const support::TestHost test;
  CHECK(updater::list_components(test.host).names.empty());
  test.root.write("run/sysupdate.b.d/", "");
  test.root.write("etc/sysupdate.a.d/", "");
  test.root.write("usr/lib/sysupdate.a.d/", "");
  test.root.write("usr/lib/sysupdate.c.d", "a file");
  test.root.write("etc/sysupdate.b.component.d/", "");
  test.root.write("etc/sysupdate.d/", "");
  test.root.write("etc/sysupdate..d/", "");
  CHECK(updater::list_components(test.host).names == Strings{"a", "b"});
  CHECK_FALSE(updater::list_components(test.host).has_default);
  test.root.write("etc/sysupdate.d/1.transfer", "x");
  CHECK(updater::list_components(test.host).has_default);
}

TEST_CASE("names of components and features must make file names")
{
  CHECK(updater::is_valid_component_name("box"));
  CHECK(updater::is_valid_component_name("a.b c"));
  for (const std::string &wrong : {std::string(),
                                   std::string("../"),
                                   std::string("a/b"),
                                   std::string("x.component"),
                                   std::string("a\n"),
                                   std::string(244, 'x')}) {
    CAPTURE(wrong);
    CHECK_FALSE(updater::is_valid_component_name(wrong));
  }
  CHECK(updater::is_valid_feature_name("f"));
  CHECK_FALSE(updater::is_valid_feature_name("bad/name"));
  CHECK_FALSE(updater::is_valid_feature_name(""));
}

TEST_CASE("switching on and off is a drop-in where the field's tools put it")
{
  const DropIn feature = updater::feature_drop_in({}, "f", Enabled::yes);
  CHECK(feature.directory == "/etc/sysupdate.d/f.feature.d");
  CHECK(feature.name == "50-systemd-sysupdate-enabled.conf");
  CHECK(feature.text == "[Feature]\nEnabled=yes\n");
  CHECK(updater::feature_drop_in({.component = "box"}, "f", Enabled::no).directory ==
        "/etc/sysupdate.box.d/f.feature.d");
  CHECK(updater::feature_drop_in({.directory = "/my"}, "f", Enabled::no).directory ==
        "/my/f.feature.d");
  const DropIn component = updater::component_drop_in("box", Enabled::no);
  CHECK(component.directory == "/etc/sysupdate.box.component.d");
  CHECK(component.text == "[Component]\nEnabled=no\n");
}
