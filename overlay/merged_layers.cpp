// SPDX-License-Identifier: Apache-2.0
#include "overlay/merged_layers.hpp"

#include "base/error.hpp"
#include "overlay/selection.hpp"

namespace overlay {

namespace {

using base::Kind;

/// The topmost first.
std::vector<Layer> open_all(const base::Host &host,
                            const Request &request,
                            const std::vector<UsedExtension> &extensions)
{
  std::vector<Layer> layers;
  for (auto used = extensions.rbegin(); used != extensions.rend(); ++used)
    layers.push_back(open_merged(host, request, *used));
  return layers;
}

std::vector<const Layer *> with_something_in(const std::string &hierarchy,
                                             const std::vector<Layer> &layers)
{
  std::vector<const Layer *> found;
  for (const Layer &layer : layers)
    if (layer.tree.find_dir(hierarchy))
      found.push_back(&layer);
  return found;
}

} // namespace

Layer open_merged(const base::Host &host, const Request &request, const UsedExtension &used)
{
  if (auto again = open_again(host, used))
    return std::move(*again);
  const Candidate &candidate = used.candidate;
  const bool is_there = host.root.target_status(candidate.image.path).has_value();
  if (!is_there ||
      !is_same(candidate.identity, identify(host, candidate.image).identity, Boot::any))
    base::fail(Kind::not_found,
               "extension '{}' ({}) has changed or is gone since it was merged; `strake ext "
               "refresh` merges what is there now (what was written to memory is gone then)",
               candidate.image.name,
               host.root.display(candidate.image.path));
  const verity::ImagePolicy policy =
      policy_of(request.configuration, candidate.image, read_target(host), request.extension_class);
  return open_layer(
      host, request.extension_class, candidate, {.policy = policy, .trusted_by = used.trusted_by});
}

base::Dir compose_below(const base::Host &host, const Request &request, const Hierarchy &hierarchy)
{
  const Merged merged = read_merged(hierarchy, request.extension_class);
  const Generation generation = parse_generation(merged.generation).value();
  const UsedSet &set = set_of(generation, request.extension_class);
  const std::vector<Layer> above = open_all(host, request, set.above);
  const std::vector<Layer> below = open_all(host, request, set.below);
  Composed composed =
      compose(host,
              request.extension_class,
              {.hierarchy = hierarchy,
               .above = with_something_in(hierarchy.path, above),
               .below = with_something_in(hierarchy.path, below),
               .submounts = Composition::Submounts::left_out,
               .size_limit = {},
               .indexes_kernel_modules = request.configuration.indexes_kernel_modules,
               .names = merged.extensions,
               .origin = merged.origin,
               .stamp = merged.stamp,
               .generation = merged.generation},
              mount_style_of(host, request));
  return std::move(composed.tree);
}

} // namespace overlay
