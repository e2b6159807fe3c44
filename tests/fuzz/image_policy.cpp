// SPDX-License-Identifier: Apache-2.0
#include "verity/image_policy.hpp"

#include "fuzz.hpp"

#include <array>

namespace {

using verity::ImagePolicy;
using verity::Protection;

enum class Answer { refused, ignored, used };

template <typename Ask> Answer answer_of(Ask ask)
{
  try {
    return ask() == verity::PartitionUse::use ? Answer::used : Answer::ignored;
  } catch (const base::Error &error) {
    fuzz::demand(error.kind() == base::Kind::untrusted, "a policy refuses as untrusted");
    return Answer::refused;
  }
}

Answer judge(const ImagePolicy &policy, const char *designator, Protection protection)
{
  return answer_of(
      [&] { return policy.judge(designator, {.protection = protection, .shortcoming = {}}); });
}

} // namespace

// A policy is understood or refused, and uses only what it says may be there.
const fuzz::Registered image_policy(
    {"image_policy", {base::Kind::usage}, [](std::string_view input) {
       constexpr std::array protections = {
           Protection::unprotected, Protection::verity, Protection::signed_verity};
       const ImagePolicy policy = ImagePolicy::parse(input);
       const ImagePolicy again = ImagePolicy::parse(input);
       for (const char *designator :
            {"root", "usr", "esp", "var", "root-verity", "root-verity-sig", "usr-verity-sig"}) {
         const Answer present = answer_of([&] { return policy.judge_presence(designator); });
         for (const Protection protection : protections) {
           const Answer answer = judge(policy, designator, protection);
           fuzz::demand(answer == judge(again, designator, protection),
                        "one policy has one answer");
           fuzz::demand(answer != Answer::used || present == Answer::used,
                        "what is used is what may be there");
           fuzz::demand(answer == Answer::used || input != "*", "* allows everything");
           fuzz::demand(answer == Answer::refused || input != "~", "~ forbids everything");
         }
       }
     }});
