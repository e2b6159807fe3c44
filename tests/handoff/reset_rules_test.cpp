// SPDX-License-Identifier: Apache-2.0
#include "handoff/reset_machine.hpp"
#include "handoff/reset_rules.hpp"
#include "support/thrown.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE_BEGIN("handoff/reset_rules");

using base::Kind;
using support::kind_of;

TEST_CASE("a plain path keeps what is below it, and not what begins like it")
{
  const handoff::KeepRules rules(std::vector<handoff::KeepRule>{{"/etc/ssh", "a"}});
  CHECK(rules.find("/etc/ssh") != nullptr);
  CHECK(rules.find("/etc/ssh/keys/one") != nullptr);
  CHECK(rules.find("/etc/ssh.old") == nullptr);
  CHECK(rules.find("/etc") == nullptr);
  CHECK(rules.is_on_the_way("/etc"));
  CHECK_FALSE(rules.is_on_the_way("/et"));
}

TEST_CASE("an expression has to match a whole path")
{
  const handoff::KeepRules rules(std::vector<handoff::KeepRule>{
      {"/home/(ann|bob)", "a"}, {"/var/log/.*\\.gz", "b"}, {"a|/b", "c"}});
  CHECK(rules.find("/home/ann")->why == "a");
  CHECK(rules.find("/home/anna") == nullptr);
  CHECK(rules.find("/srv/home/ann") == nullptr);
  CHECK(rules.find("/var/log/old/x.gz")->why == "b");
  CHECK(rules.find("/b")->why == "c");
  CHECK(rules.find("/bc") == nullptr);
}

TEST_CASE("what can be no rule is a wrong call, and says so")
{
  for (const char *text : {"",
                           "etc",
                           "/",
                           "/etc/",
                           "/etc//ssh",
                           "/etc/../var",
                           "/etc/.",
                           "(",
                           "a)(b",
                           "[",
                           "/x{2,1}",
                           "/a\nb",
                           "/\xff"}) {
    CAPTURE(text);
    CHECK(handoff::keep_rule_fault(text) != "");
    CHECK(kind_of([&] { handoff::KeepRules(std::vector<handoff::KeepRule>{{text, ""}}); }) ==
          Kind::usage);
  }
}

TEST_CASE("an expression that others take for ever for is answered")
{
  const handoff::KeepRules rules(
      std::vector<handoff::KeepRule>{{"/(a*)*b", "a"}, {"/(x+x+)+y", "b"}});
  CHECK(rules.find("/" + std::string(4000, 'a')) == nullptr);
  CHECK(rules.find("/" + std::string(4000, 'x')) == nullptr);
}
