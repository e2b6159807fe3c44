// SPDX-License-Identifier: Apache-2.0
#include "bakery/recipe.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bakery {

std::string_view name(ImageClass image_class)
{
  switch (image_class) {
  case ImageClass::sysext:
    return "sysext";
  case ImageClass::confext:
    return "confext";
  case ImageClass::root:
    return "root";
  case ImageClass::usr:
    return "usr";
  }
  return "?";
}

std::string_view name(FileSystem format)
{
  return format == FileSystem::erofs ? "erofs" : "squashfs";
}

std::string_view name(Container container)
{
  return container == Container::naked ? "naked" : "ddi";
}

std::optional<std::string> PerArchitecture::of(const std::string &architecture) const
{
  for (const std::string &key : {architecture, std::string()})
    if (const auto found = values.find(key); found != values.end())
      return found->second;
  return std::nullopt;
}

const Source *Recipe::find_source(const std::string &id) const
{
  const auto found = std::find_if(
      sources.begin(), sources.end(), [&](const Source &source) { return source.id == id; });
  return found == sources.end() ? nullptr : &*found;
}

std::string image_name(const Recipe &recipe, const std::string &architecture)
{
  std::string text = fmt::format("{}_{}", recipe.name, recipe.version);
  if (architecture != any_architecture)
    text += "_" + architecture;
  return text;
}

} // namespace bakery
