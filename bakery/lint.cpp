// SPDX-License-Identifier: Apache-2.0
#include "bakery/lint.hpp"

#include "bakery/lint_rules.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bakery {

namespace {

// clang-format off
const std::vector<LintRule> rules = {
    {"release-name",
     "systems take an image for an extension only by a release file of its name",
     "name the file extension-release.NAME, where the image is NAME_VERSION_ARCHITECTURE.raw",
     find_wrong_release_name},
    {"release-match",
     "an extension whose release file fits no system is never merged",
     "give \"match\" an os with a version or level, or any",
     find_wrong_match},
    {"os-release",
     "systems refuse an extension that would say what system they are",
     "leave os-release out of the image",
     find_os_release},
    {"size-limit",
     "machines have slots and disks of a certain size",
     "leave out what is not needed, or raise size-limit",
     find_excess_size},
    {"outside-hierarchy",
     "of a sysext only /usr and /opt are merged, of a confext only /etc; a /usr partition has "
     "nothing else; the rest is lost",
     "put it where it is merged, or leave it out with \"except\"; what belongs in /etc of a sysext "
     "can be copied by tmpfiles.d from /usr/share/factory",
     find_outside_hierarchies},
    {"hidden-directory",
     "what is no directory hides the whole directory of that name in the system",
     "make it a directory, or leave it out",
     find_hidden_directories},
    {"usr-sbin",
     "where /usr/sbin is a symlink to bin, a directory of that name hides it, and with it all "
     "programs in it",
     "put programs into /usr/bin",
     find_sbin},
    {"modules-dep",
     "an index of kernel modules hides that of the system and of other extensions",
     "leave modules.* out but for .ko files; the index is made when the extension is merged",
     find_module_indexes},
    {"base-collision",
     "a file that the system has as well is hidden, also from the system's own programs",
     "leave the file out, or put it elsewhere",
     find_collisions_with_base},
    {"extension-collision",
     "of two extensions with the same file the one with the greater name wins, silently",
     "leave the file out of one of them",
     find_collisions_with_others},
    {"setuid",
     "a program that runs as another user is a door; an extension should not open one by accident",
     "leave the bit out, or allow it with the reason why it is needed",
     find_set_user},
    {"special-file",
     "devices, pipes and sockets belong to the running system",
     "leave it out; tmpfiles.d makes what is needed",
     find_special_files},
    {"not-reproducible",
     "what has the time of its making in it differs from build to build, and times of files are "
     "all the same in an image",
     "leave it out, or make it without: gzip -n, python -m compileall --invalidation-mode "
     "unchecked-hash",
     find_times_in_content},
    {"unresolved-library",
     "a program whose libraries are neither in the image nor in the system does not start",
     "add the library (see \"libraries\"), or name the right system with --base",
     find_missing_libraries},
    {"elf-architecture",
     "a program of another machine does not run",
     "correct \"architectures\", or take the right source",
     find_other_machines},
    {"unit-not-started",
     "a unit that nothing pulls in lies there and does nothing",
     "give it \"start: multi-user.target\" under units, or allow it if it is started by hand",
     find_units_not_started},
    {"unknown-user",
     "a service whose user does not exist does not start",
     "add a sysusers.d file for it, or DynamicUser=yes",
     find_unknown_users},
};
// clang-format on

} // namespace

std::string_view name(Gravity gravity)
{
  return gravity == Gravity::error ? "error" : "warning";
}

const std::vector<LintRule> &lint_rules()
{
  return rules;
}

const LintRule *find_lint_rule(std::string_view id)
{
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const LintRule &rule) { return rule.id == id; });
  return found == rules.end() ? nullptr : &*found;
}

std::vector<Finding> lint(const Subject &subject,
                          const Surroundings &surroundings,
                          const std::vector<Allowance> &allowed)
{
  std::vector<Finding> findings;
  for (const LintRule &rule : rules) {
    const auto allowance = std::find_if(allowed.begin(), allowed.end(), [&](const Allowance &each) {
      return each.rule == rule.id;
    });
    for (Finding &finding : rule.find(subject, surroundings)) {
      finding.rule = rule.id;
      if (allowance != allowed.end())
        finding.allowed = allowance->reason;
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

std::string described(const Finding &finding)
{
  const LintRule *const rule = find_lint_rule(finding.rule);
  return fmt::format("{}: {}{}{}; {}",
                     finding.rule,
                     base::printable(finding.path),
                     finding.path.empty() ? "" : ": ",
                     base::printable(finding.what),
                     rule != nullptr ? rule->fix : "");
}

bool has_errors(const std::vector<Finding> &findings)
{
  return std::any_of(findings.begin(), findings.end(), [](const Finding &finding) {
    return finding.gravity == Gravity::error && finding.allowed.empty();
  });
}

void check_allowances(const std::vector<Allowance> &allowed)
{
  for (const Allowance &each : allowed)
    if (find_lint_rule(each.rule) == nullptr) {
      std::string known;
      for (const LintRule &rule : rules)
        known += fmt::format("{}{}", known.empty() ? "" : ", ", rule.id);
      base::fail(base::Kind::config,
                 "allow: there is no rule \"{}\"; there are: {}",
                 base::printable(each.rule),
                 known);
    }
}

} // namespace bakery
