// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/extension_class.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE_BEGIN("overlay/extension_class");

using overlay::Class;
using overlay::Mutability;

TEST_CASE("each class has the names that the field knows it by")
{
  CHECK(overlay::name(Class::sysext) == "sysext");
  CHECK(overlay::name(Class::confext) == "confext");
  for (const Class each : {Class::sysext, Class::confext}) {
    const overlay::ClassFacts &facts = overlay::facts(each);
    CHECK(facts.self == each);
    CHECK(facts.tool == "systemd-" + std::string(facts.name));
    CHECK(facts.metadata == ".systemd-" + std::string(facts.name));
    CHECK(facts.suffix == "." + std::string(facts.name));
    CHECK(facts.kernel_switch == "systemd." + std::string(facts.name));
    CHECK(facts.configuration == "systemd/" + std::string(facts.name) + ".conf");
  }
  CHECK(overlay::facts(Class::sysext).hierarchies == std::vector<std::string>{"/usr", "/opt"});
  CHECK(overlay::facts(Class::confext).hierarchies == std::vector<std::string>{"/etc"});
  CHECK(overlay::facts(Class::sysext).may_execute);
  CHECK_FALSE(overlay::facts(Class::confext).may_execute);
}

TEST_CASE("a mutable mode is one of six words, or a boolean for two of them")
{
  for (std::size_t index = 0; index < overlay::mutability_names().size(); ++index) {
    const auto mutability = static_cast<Mutability>(index);
    CHECK(overlay::parse_mutability(overlay::name(mutability)) == mutability);
  }
  CHECK(overlay::name(Mutability::automatic) == "auto");
  CHECK(overlay::name(Mutability::ephemeral_import) == "ephemeral-import");
  for (const char *word : {"1", "true", "on", "y"})
    CHECK(overlay::find_mutability(word) == Mutability::yes);
  for (const char *word : {"0", "false", "off", "n"})
    CHECK(overlay::find_mutability(word) == Mutability::no);
  for (const char *word : {"", "maybe", "Auto", "ephemeral ", "ephemeral_import"}) {
    CAPTURE(word);
    CHECK_FALSE(overlay::find_mutability(word));
  }
  CHECK_THROWS_WITH_AS((void)overlay::parse_mutability("maybe"),
                       "\"maybe\" is no mutable mode; there are no, yes, auto, import, ephemeral, "
                       "ephemeral-import",
                       base::Error);
}
