// SPDX-License-Identifier: Apache-2.0
#include "bakery/watch.hpp"

#include "bakery/recipe_file.hpp"
#include "base/error.hpp"

#include <sys/stat.h>

#include <optional>

namespace bakery {

namespace {

constexpr auto pause = std::chrono::seconds(1);
constexpr int deepest = 100;

std::string described(const std::string &name, const struct stat &status)
{
  return fmt::format("{} {:o} {} {} {} {}\n",
                     name,
                     status.st_mode,
                     status.st_size,
                     status.st_ino,
                     status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

void add(std::string &text, const base::Dir &dir, const std::string &path, int depth)
{
  const auto status = dir.status(path);
  text += status ? described(path, *status) : path + " is not there\n";
  if (!status || !S_ISDIR(status->st_mode) || depth > deepest)
    return;
  const auto below = dir.find_dir_no_symlinks(path);
  if (!below)
    return;
  for (const base::DirEntry &entry : below->entries())
    add(text, *below, entry.name, depth + 1);
}

/// The recipe as it is at the moment; nothing while it is wrong, as it often is between two saves.
std::optional<Recipe> readable(const base::Dir &dir, const std::string &name)
{
  try {
    const auto text = dir.text(name);
    return text ? std::optional(parse_recipe(*text, name)) : std::nullopt;
  } catch (const base::Error &) {
    return std::nullopt;
  }
}

void add_recipe(std::string &text, const std::string &path)
{
  const base::SplitPath split = base::split_path(path);
  const base::Dir dir = base::Dir::open_root(split.parent.empty() ? "/" : split.parent);
  add(text, dir, split.name, 0);
  const auto recipe = readable(dir, split.name);
  if (!recipe)
    return;
  if (recipe->version_from && !recipe->version_from->file.empty())
    add(text, dir, recipe->version_from->file, 0);
  for (const Source &source : recipe->sources)
    if (source.kind == SourceKind::file || source.kind == SourceKind::directory)
      for (const auto &[architecture, place] : source.place.values)
        add(text, dir, place, 0);
}

} // namespace

std::string glance_at(const std::vector<std::string> &recipes)
{
  std::string text;
  for (const std::string &recipe : recipes)
    add_recipe(text, recipe);
  return text;
}

void wait_for_change(base::Clock &clock,
                     const std::vector<std::string> &recipes,
                     const std::string &seen)
{
  for (std::string before = seen;;) {
    clock.sleep(pause);
    std::string now = glance_at(recipes);
    if (now != seen && now == before)
      return;
    before = std::move(now);
  }
}

} // namespace bakery
