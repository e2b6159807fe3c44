// SPDX-License-Identifier: Apache-2.0
#include "overlay/difference.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace overlay {

namespace {

/// What tells the image.
std::string shown(const UsedExtension &used)
{
  constexpr std::size_t digits_shown = 12;
  const auto &[image, identity] = used.candidate;
  std::string text = image.version;
  if (identity.root_hash)
    text += fmt::format(
        "{}{}", text.empty() ? "" : " ", verity::hex(*identity.root_hash).substr(0, digits_shown));
  return text.empty() ? image.path : text;
}

/// The names of those in `set` that `other` has too, with the system among them where it lies.
std::vector<std::string> shared_order(const UsedSet &set, const UsedSet &other)
{
  std::vector<std::string> names;
  const auto add = [&](const std::vector<UsedExtension> &part) {
    for (const UsedExtension &used : part)
      if (other.find(used.candidate.image.name) != nullptr)
        names.push_back(used.candidate.image.name);
  };
  add(set.below);
  names.emplace_back("(system)");
  add(set.above);
  return names;
}

/// What lies right under it; "(nothing)" under the lowest.
std::string support_of(const std::vector<std::string> &order, const std::string &name)
{
  const auto found = std::find(order.begin(), order.end(), name);
  return found == order.begin() ? "(nothing)" : *std::prev(found);
}

void add_differences(std::vector<Difference> &all,
                     Class extension_class,
                     const UsedSet &before,
                     const UsedSet &after)
{
  for (const UsedExtension *used : before.all())
    if (const std::string &name = used->candidate.image.name; after.find(name) == nullptr)
      all.push_back({"removed", extension_class, name, shown(*used), ""});
  const auto old_order = shared_order(before, after);
  const auto new_order = shared_order(after, before);
  for (const UsedExtension *used : after.all()) {
    const std::string &name = used->candidate.image.name;
    const UsedExtension *former = before.find(name);
    if (former == nullptr)
      all.push_back({"added", extension_class, name, "", shown(*used)});
    else if (!is_same_image(*former, *used))
      all.push_back({"changed", extension_class, name, shown(*former), shown(*used)});
    else if (support_of(old_order, name) != support_of(new_order, name))
      all.push_back({"moved",
                     extension_class,
                     name,
                     "on " + support_of(old_order, name),
                     "on " + support_of(new_order, name)});
  }
}

bool is_told_apart(const UsedExtension &used)
{
  return !used.candidate.identity.root_hash || used.protection >= verity::Protection::verity;
}

} // namespace

std::set<std::string> unmoved(const UsedSet &before, const UsedSet &after)
{
  if (shared_order(before, after) != shared_order(after, before))
    return {};
  std::set<std::string> names;
  for (const UsedExtension *used : after.all()) {
    const auto &[image, identity] = used->candidate;
    const UsedExtension *former = before.find(image.name);
    if (former != nullptr && is_told_apart(*used) &&
        is_same(former->candidate.identity, identity, Boot::same))
      names.insert(image.name);
  }
  return names;
}

std::vector<Difference> differences(const Generation &one, const Generation &other)
{
  std::vector<Difference> all;
  for (const Class each : {Class::sysext, Class::confext})
    add_differences(all, each, set_of(one, each), set_of(other, each));
  return all;
}

} // namespace overlay
