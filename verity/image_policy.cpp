// SPDX-License-Identifier: Apache-2.0
#include "verity/image_policy.hpp"

#include "base/error.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace verity {

namespace {

using base::Kind;
using Words = std::set<std::string>;

const Words designators = {"root",
                           "usr",
                           "home",
                           "srv",
                           "esp",
                           "xbootldr",
                           "swap",
                           "root-verity",
                           "root-verity-sig",
                           "usr-verity",
                           "usr-verity-sig",
                           "tmp",
                           "var"};
const Words protections = {
    "unprotected", "verity", "signed", "encrypted", "encryptedwithintegrity"};
const Words not_used = {"unused", "absent"};
const Words gpt_flags = {"read-only-off", "read-only-on", "growfs-off", "growfs-on"};
const Words file_system_types = {"btrfs", "erofs", "ext4", "f2fs", "squashfs", "vfat", "xfs"};

PartitionRule open_rule()
{
  PartitionRule rule;
  rule.presence = protections;
  rule.presence.insert(not_used.begin(), not_used.end());
  return rule;
}

std::vector<std::string> split(std::string_view text, char mark)
{
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(mark);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

void add_word(PartitionRule &rule, const std::string &word)
{
  if (protections.contains(word) || not_used.contains(word))
    rule.presence.insert(word);
  else if (word == "ignore")
    rule.presence.insert(not_used.begin(), not_used.end());
  else if (word == "open")
    rule.presence.merge(open_rule().presence);
  else if (gpt_flags.contains(word))
    rule.flags.insert(word);
  else if (file_system_types.contains(word))
    rule.file_systems.insert(word);
  else
    base::fail(
        Kind::usage,
        "--image-policy=: \"{}\" is no policy flag; there are open, ignore, {}, {}, {} and {}",
        word,
        fmt::format("{}", fmt::join(protections, ", ")),
        fmt::format("{}", fmt::join(not_used, ", ")),
        fmt::format("{}", fmt::join(gpt_flags, ", ")),
        fmt::format("{}", fmt::join(file_system_types, ", ")));
}

PartitionRule parse_rule(std::string_view text)
{
  PartitionRule rule;
  for (const std::string &word : split(text, '+'))
    if (!word.empty())
      add_word(rule, word);
  if (rule.presence.empty())
    rule.presence = open_rule().presence; // flags alone say nothing about being there
  return rule;
}

bool meet(const Words &left, const Words &right)
{
  return std::any_of(
      left.begin(), left.end(), [&](const std::string &word) { return right.contains(word); });
}

/// Of the partition of a hash tree or a signature: what data it is about, and with which of these
/// protections that needs it. Empty for all others.
std::pair<std::string, Words> data_of(std::string_view designator)
{
  constexpr std::string_view tree = "-verity";
  constexpr std::string_view signature = "-verity-sig";
  if (designator.ends_with(signature))
    return {std::string(designator.substr(0, designator.size() - signature.size())), {"signed"}};
  if (designator.ends_with(tree))
    return {std::string(designator.substr(0, designator.size() - tree.size())),
            {"verity", "signed"}};
  return {};
}

/// Whether a GPT bit may be as it is: naming neither state, or both, allows either.
bool allows(const PartitionRule &rule, const std::string &flag, bool is_on)
{
  const bool on = rule.flags.contains(flag + "-on");
  const bool off = rule.flags.contains(flag + "-off");
  return on == off || on == is_on;
}

} // namespace

std::string_view name(Protection protection)
{
  switch (protection) {
  case Protection::unprotected:
    return "unprotected";
  case Protection::encrypted:
    return "encrypted";
  case Protection::verity:
    return "verity";
  case Protection::signed_verity:
    return "signed";
  }
  return {};
}

ImagePolicy ImagePolicy::parse(std::string_view text)
{
  ImagePolicy policy;
  policy.text_ = text;
  policy.rest_.presence = not_used;
  if (text == "*")
    policy.rest_ = open_rule();
  if (text == "~")
    policy.rest_.presence = {"absent"};
  if (text.empty() || text == "*" || text == "-" || text == "~")
    return policy;
  for (const std::string &part : split(text, ':')) {
    const std::size_t equals = part.find('=');
    const std::string designator = part.substr(0, equals);
    if (equals == std::string::npos || (!designator.empty() && !designators.contains(designator)))
      base::fail(Kind::usage,
                 "--image-policy=: \"{}\" is not understood; a policy is *, -, ~, or "
                 "PARTITION=FLAG+FLAG:… with a PARTITION of {}",
                 part,
                 fmt::format("{}", fmt::join(designators, ", ")));
    PartitionRule rule = parse_rule(part.substr(equals + 1));
    if (designator.empty())
      policy.rest_ = std::move(rule);
    else if (!policy.rules_.emplace(designator, std::move(rule)).second)
      base::fail(Kind::usage, "--image-policy=: {} is there twice; name it once", designator);
  }
  return policy;
}

const PartitionRule *ImagePolicy::named(const std::string &designator) const
{
  const auto found = rules_.find(designator);
  return found == rules_.end() ? nullptr : &found->second;
}

PartitionRule ImagePolicy::rule_of(const std::string &designator) const
{
  if (const PartitionRule *rule = named(designator))
    return *rule;
  const auto [data, needed] = data_of(designator);
  const PartitionRule *owner = data.empty() ? nullptr : named(data);
  if (owner == nullptr || !meet(owner->presence, needed))
    return rest_;
  PartitionRule derived{.presence = {"unprotected"}, .flags = owner->flags, .file_systems = {}};
  for (const std::string &word : not_used)
    if (owner->presence.contains(word))
      derived.presence.insert(word);
  return derived;
}

PartitionUse ImagePolicy::judge_presence(const std::string &designator) const
{
  const PartitionRule rule = rule_of(designator);
  if (rule.presence == Words{"absent"})
    base::fail(Kind::untrusted,
               "the image has a partition {}, which the image policy wants absent",
               designator);
  return meet(rule.presence, protections) ? PartitionUse::use : PartitionUse::ignore;
}

bool ImagePolicy::may_use(const std::string &designator, Protection protection) const
{
  return rule_of(designator).presence.contains(std::string(name(protection)));
}

PartitionUse ImagePolicy::judge(const std::string &designator, const PartitionFacts &facts) const
{
  if (judge_presence(designator) == PartitionUse::ignore)
    return PartitionUse::ignore;
  const PartitionRule rule = rule_of(designator);
  if (!allows(rule, "read-only", facts.is_read_only) || !allows(rule, "growfs", facts.may_grow))
    base::fail(
        Kind::untrusted,
        "the read-only or growfs flag of the image's partition {} is not as the image policy "
        "wants it ({})",
        designator,
        fmt::format("{}", fmt::join(rule.flags, "+")));
  if (rule.presence.contains(std::string(name(facts.protection))))
    return PartitionUse::use;
  if (rule.presence.contains("unused"))
    return PartitionUse::ignore;
  base::fail(Kind::untrusted,
             "the image policy wants the image's partition {} protected ({}), but it is {}{}{}",
             designator,
             fmt::format("{}", fmt::join(rule.presence, "+")),
             facts.protection == Protection::verity ? "unsigned" : name(facts.protection),
             facts.shortcoming.empty() ? "" : ": ",
             facts.shortcoming);
}

void ImagePolicy::judge_absence(const std::string &designator) const
{
  // What the data's own rule asks of tree and signature is judged by the protection they give.
  if (!data_of(designator).first.empty() && named(designator) == nullptr)
    return;
  if (!rule_of(designator).presence.contains("absent"))
    base::fail(Kind::untrusted,
               "the image has no partition {}, which the image policy wants there",
               designator);
}

void ImagePolicy::judge_file_system(const std::string &designator, const std::string &type) const
{
  const PartitionRule rule = rule_of(designator);
  if (!rule.file_systems.empty() && !rule.file_systems.contains(type))
    base::fail(Kind::untrusted,
               "the image's partition {} holds {}, and the image policy allows {}",
               designator,
               type,
               fmt::format("{}", fmt::join(rule.file_systems, ", ")));
}

} // namespace verity
