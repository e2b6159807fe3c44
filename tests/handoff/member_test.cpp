// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/member.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/member");

using handoff::Member;
using handoff::MemberChoices;
using Unfit = overlay::ExtensionSettings::Unfit;

namespace {

MemberChoices docker()
{
  return {.name = "docker", .component = "docker", .in_use = "27", .here = {"27"}};
}

MemberChoices unfit_docker()
{
  MemberChoices choices = docker();
  choices.misfit = "it is for VERSION_ID 1, and the system is 2";
  return choices;
}

} // namespace

TEST_CASE("what is in use stays where it fits and nothing newer is known to")
{
  const Member member = handoff::choose_member(docker(), "2");
  CHECK(member.version == "27");
  CHECK_FALSE(member.is_to_fetch);
  CHECK(member.unfit.empty());
}

TEST_CASE("the newest that is signed to fit goes with the system, and is fetched if it is not here")
{
  MemberChoices choices = unfit_docker();
  choices.newest = "28";
  Member member = handoff::choose_member(choices, "2");
  CHECK(member.version == "28");
  CHECK(member.is_to_fetch);
  choices.here.insert("28");
  CHECK_FALSE(handoff::choose_member(choices, "2").is_to_fetch);

  choices = docker();
  choices.newest = "26";
  CHECK(handoff::choose_member(choices, "2").version == "27");
  choices.misfit = "no";
  CHECK(handoff::choose_member(choices, "2").version == "26");
}

TEST_CASE("a coupled extension takes the version of the system, wherever that is")
{
  MemberChoices choices = unfit_docker();
  choices.in_use = "1";
  choices.is_coupled = true;
  choices.on_offer = {"2", "3"};
  CHECK(handoff::choose_member(choices, "2").version == "2");
  CHECK(handoff::choose_member(choices, "2").is_to_fetch);
  choices.here = {"1", "2"};
  CHECK_FALSE(handoff::choose_member(choices, "2").is_to_fetch);
  CHECK(handoff::choose_member(choices, "4").version == "");
  choices.misfit.clear();
  CHECK(handoff::choose_member(choices, "4").version == "1");
}

TEST_CASE("what is not coupled does not take a version because the system has its number")
{
  MemberChoices choices = unfit_docker();
  choices.on_offer = {"2"};
  CHECK(handoff::choose_member(choices, "2").version == "");
}

TEST_CASE("why nothing goes with the system is said, and what could")
{
  MemberChoices choices = unfit_docker();
  const std::string start = "version 27 does not fit: it is for VERSION_ID 1, and the system is 2";
  CHECK(handoff::choose_member(choices, "2").unfit == start);
  choices.is_coupled = true;
  CHECK(handoff::choose_member(choices, "2").unfit ==
        start + "; it goes with the system, and there is no version 2");
  choices.no_newest = "28 is on offer, but it fits fedora";
  CHECK(handoff::choose_member(choices, "2").unfit ==
        start + "; 28 is on offer, but it fits fedora");
  const MemberChoices handmade{.name = "mine", .misfit = "it says so"};
  CHECK(handoff::choose_member(handmade, "2").unfit ==
        "it says so; no component keeps it, so that it cannot be brought");
}

TEST_CASE("only those that must be there keep a system from coming, and all are named")
{
  std::vector<Member> members(3);
  members[0] = handoff::choose_member(docker(), "2");
  members[1] = handoff::choose_member(unfit_docker(), "2");
  members[1].when_unfit = Unfit::warn;
  members[2] = members[1];
  members[2].when_unfit = Unfit::drop;
  CHECK_NOTHROW(handoff::refuse_unfit(members, "2"));
  members[1].when_unfit = members[2].when_unfit = Unfit::block;
  members[2].name = "other";
  std::string said;
  try {
    handoff::refuse_unfit(members, "2");
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    said = error.what();
  }
  CHECK(
      said.starts_with("2 is not brought, because extensions would be missing with it: docker: "));
  CHECK(said.find("; other: version 27 does not fit") != std::string::npos);
}
