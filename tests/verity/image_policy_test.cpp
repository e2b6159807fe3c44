// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "verity/image_policy.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("verity/image_policy");

using verity::ImagePolicy;
using verity::PartitionUse;

namespace {

/// "use", "ignore", or why it is refused.
std::string answer(const std::string &policy,
                   const std::string &designator,
                   const verity::PartitionFacts &facts = {})
{
  try {
    const PartitionUse use = ImagePolicy::parse(policy).judge(designator, facts);
    return use == PartitionUse::use ? "use" : "ignore";
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::untrusted);
    return error.what();
  }
}

std::string refusal(const std::string &policy)
{
  try {
    (void)ImagePolicy::parse(policy);
    return "";
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::usage);
    return error.what();
  }
}

bool contains(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("the three short policies use, ignore and forbid everything")
{
  CHECK(answer("*", "root") == "use");
  CHECK(answer("-", "root") == "ignore");
  CHECK(answer("", "root") == "ignore");
  CHECK(contains(answer("~", "root"), "wants absent"));
}

TEST_CASE("a partition that is not named follows the nameless rule, and is ignored without one")
{
  CHECK(answer("root=unprotected", "root") == "use");
  CHECK(answer("root=unprotected", "esp") == "ignore");
  CHECK(answer("root=unprotected:=open", "esp") == "use");
  CHECK(contains(answer("root=open:=absent", "esp"), "wants absent"));
}

TEST_CASE("a protection that cannot be given is refused, unless ignoring is allowed too")
{
  CHECK(contains(answer("root=verity", "root"), "protected (verity)"));
  CHECK(contains(answer("root=signed+absent", "root"), "protected (absent+signed)"));
  CHECK(answer("root=verity+unused", "root") == "ignore");
  CHECK(answer("root=verity+unprotected", "root") == "use");
}

TEST_CASE("a partition is used if it has one of the protections that are named")
{
  using verity::Protection;
  const auto with = [](const char *policy, Protection protection) {
    return answer(
        policy, "root", {.protection = protection, .shortcoming = "there is no signature"});
  };
  CHECK(with("root=signed", Protection::signed_verity) == "use");
  CHECK(with("root=verity", Protection::verity) == "use");
  CHECK(with("root=encrypted", Protection::encrypted) == "use");
  CHECK(with("root=signed+absent", Protection::verity) ==
        "the image policy wants the image's partition root protected (absent+signed), but it is "
        "unsigned: there is no signature");
  CHECK(contains(with("root=verity", Protection::unprotected), "but it is unprotected"));
  CHECK(contains(with("root=unprotected", Protection::encrypted), "but it is encrypted"));
  CHECK(contains(with("root=unprotected", Protection::verity), "but it is unsigned"));
  CHECK(with("root=signed+unused", Protection::unprotected) == "ignore");
  CHECK(with("root=unused+absent", Protection::signed_verity) == "ignore");
}

TEST_CASE("tree and signature follow the rule of their data, unless they are named")
{
  const auto presence = [](const char *policy, const char *designator) {
    return ImagePolicy::parse(policy).judge_presence(designator) == PartitionUse::use;
  };
  CHECK(presence("root=verity", "root-verity"));
  CHECK(presence("root=signed", "root-verity"));
  CHECK(presence("root=signed", "root-verity-sig"));
  CHECK_FALSE(presence("root=verity", "root-verity-sig"));
  CHECK_FALSE(presence("root=unprotected", "root-verity"));
  CHECK_FALSE(presence("root=signed", "usr-verity"));
  CHECK_FALSE(presence("root=signed:root-verity-sig=unused", "root-verity-sig"));
  CHECK(presence("*", "usr-verity-sig"));
  CHECK_THROWS_AS((void)presence("root=verity:=absent", "root-verity-sig"), base::Error);
  CHECK_NOTHROW(ImagePolicy::parse("root=signed").judge_absence("root-verity-sig"));
  CHECK_THROWS_AS(ImagePolicy::parse("root-verity=unprotected").judge_absence("root-verity"),
                  base::Error);
}

TEST_CASE("flags of the partition have to be as they are said to be")
{
  CHECK(contains(answer("root=read-only-on", "root"), "read-only or growfs flag"));
  CHECK(answer("root=read-only-on", "root", {.is_read_only = true}) == "use");
  CHECK(answer("root=read-only-on+read-only-off", "root") == "use");
  CHECK(
      contains(answer("root=growfs-off", "root", {.may_grow = true}), "read-only or growfs flag"));
}

TEST_CASE("a partition that has to be there is missed")
{
  CHECK_NOTHROW(ImagePolicy::parse("root=unprotected+absent").judge_absence("root"));
  CHECK_NOTHROW(ImagePolicy::parse("*").judge_absence("root"));
  CHECK_NOTHROW(ImagePolicy::parse("root=open").judge_absence("esp"));
  CHECK_THROWS_AS(ImagePolicy::parse("esp=unprotected").judge_absence("esp"), base::Error);
}

TEST_CASE("only the file systems that are named are allowed")
{
  const ImagePolicy policy = ImagePolicy::parse("root=ext4+erofs");
  CHECK_NOTHROW(policy.judge_file_system("root", "ext4"));
  CHECK_NOTHROW(policy.judge_file_system("usr", "xfs"));
  CHECK_THROWS_AS(policy.judge_file_system("root", "xfs"), base::Error);
}

TEST_CASE("a text that is no policy is refused with what there is")
{
  CHECK(contains(refusal("root=maybe"), "\"maybe\" is no policy flag; there are open, ignore"));
  CHECK(contains(refusal("everything"), "\"everything\" is not understood; a policy is *, -, ~"));
  CHECK(contains(refusal("boot=open"), "\"boot=open\" is not understood"));
  CHECK(contains(refusal("root=open:root=open"), "root is there twice"));
}
