// SPDX-License-Identifier: Apache-2.0
#include "handoff/member.hpp"

#include "base/error.hpp"
#include "base/version.hpp"

namespace handoff {

namespace {

using Unfit = overlay::ExtensionSettings::Unfit;

bool is_newer(const std::string &one, const std::string &other)
{
  return base::compare_versions(one, other) > 0;
}

/// The version that goes with the system; empty if none is known to.
std::string version_for(const MemberChoices &choices, const std::string &system)
{
  if (choices.is_coupled && (choices.here.contains(system) || choices.on_offer.contains(system)))
    return system;
  const bool stays = choices.misfit.empty();
  if (!choices.newest.empty() && (!stays || is_newer(choices.newest, choices.in_use)))
    return choices.newest;
  return stays ? choices.in_use : "";
}

std::string why_none(const MemberChoices &choices, const std::string &system)
{
  std::string why =
      choices.in_use.empty()
          ? choices.misfit
          : fmt::format("version {} does not fit: {}", choices.in_use, choices.misfit);
  if (choices.component.empty())
    why += "; no component keeps it, so that it cannot be brought";
  else if (!choices.no_newest.empty())
    why += fmt::format("; {}", choices.no_newest);
  else if (choices.is_coupled)
    why += fmt::format("; it goes with the system, and there is no version {}", system);
  return why;
}

} // namespace

Member choose_member(const MemberChoices &choices, const std::string &system)
{
  Member member{.name = choices.name,
                .component = choices.component,
                .before = choices.in_use,
                .version = version_for(choices, system),
                .when_unfit = choices.when_unfit};
  member.is_to_fetch = !member.version.empty() && !choices.here.contains(member.version);
  if (member.version.empty() && !choices.misfit.empty())
    member.unfit = why_none(choices, system);
  return member;
}

void refuse_unfit(const std::vector<Member> &members, const std::string &system)
{
  std::string refused;
  for (const Member &member : members)
    if (!member.unfit.empty() && member.when_unfit == Unfit::block)
      refused += fmt::format("{}{}: {}", refused.empty() ? "" : "; ", member.name, member.unfit);
  if (!refused.empty())
    base::fail(base::Kind::config,
               "{} is not brought, because extensions would be missing with it: {}. Bring versions "
               "that fit, or give them up there with WhenUnfit=warn in strake/extensions/NAME.conf",
               system,
               refused);
}

} // namespace handoff
