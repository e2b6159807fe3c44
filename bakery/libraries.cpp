// SPDX-License-Identifier: Apache-2.0
#include "bakery/libraries.hpp"

#include "bakery/elf.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace bakery {

using base::Kind;

namespace {

/// A file by its path in a source, following the source's own symlinks.
std::optional<base::Fd> find_file(const Gathered &source, const std::string &path)
{
  const auto status = source.tree ? source.tree->target_status(path) : std::nullopt;
  if (!status || !S_ISREG(status->st_mode))
    return std::nullopt;
  return source.tree->file(path);
}

/// The directories of a source in which libraries lie: lib, lib64 and those of Debian's multiarch.
std::vector<std::string> library_directories(const Gathered &source)
{
  std::vector<std::string> found;
  if (!source.tree)
    return found;
  for (const std::string top : {"lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib"}) {
    const auto dir = source.tree->find_dir_no_symlinks(top);
    if (!dir)
      continue;
    found.push_back(top);
    for (const base::DirEntry &entry : dir->entries())
      if (entry.type == S_IFDIR && entry.name.find("-linux-") != std::string::npos)
        found.push_back(top + "/" + entry.name);
  }
  return found;
}

std::optional<base::Fd> find_library(const std::vector<Gathered> &sources, const std::string &name)
{
  for (const Gathered &source : sources)
    for (const std::string &directory : library_directories(source))
      if (auto file = find_file(source, directory + "/" + name))
        return file;
  return std::nullopt;
}

Elf elf_of(const std::vector<Gathered> &sources, const Placement &placement)
{
  const auto source = std::find_if(sources.begin(), sources.end(), [&](const Gathered &each) {
    return each.input.id == placement.source;
  });
  std::optional<Elf> elf;
  if (!source->tree)
    elf = read_elf(source->file);
  else if (const auto file = find_file(*source, placement.path))
    elf = read_elf(*file);
  if (!elf)
    base::fail(Kind::config,
               "{}: \"libraries\" goes with a single ELF file, and this is none",
               placement.where);
  return *elf;
}

bool is_default_directory(const std::string &directory)
{
  return directory == "usr/lib" || directory == "usr/lib64" ||
         (directory.starts_with("usr/lib/") && directory.find("-linux-") != std::string::npos &&
          directory.find('/', 8) == std::string::npos);
}

} // namespace

std::vector<Library> needed_libraries(const std::vector<Gathered> &sources,
                                      const Placement &placement)
{
  std::map<std::string, base::Fd> found;
  const Elf top = elf_of(sources, placement);
  std::deque<std::string> wanted(top.needed.begin(), top.needed.end());
  std::set<std::string> seen;
  while (!wanted.empty()) {
    const std::string name = wanted.front();
    wanted.pop_front();
    if (!seen.insert(name).second || is_of_c_library(name) || name.find('/') != std::string::npos)
      continue;
    auto file = find_library(sources, name);
    if (!file)
      continue;
    if (const auto elf = read_elf(*file))
      wanted.insert(wanted.end(), elf->needed.begin(), elf->needed.end());
    found.emplace(name, std::move(*file));
  }
  std::vector<Library> libraries;
  for (auto &[name, file] : found)
    libraries.push_back({name, std::move(file)});
  return libraries;
}

void set_library_paths(const base::Host &host,
                       const Recipe &recipe,
                       const std::vector<Gathered> &sources,
                       const base::Dir &tree)
{
  for (const Placement &placement : recipe.files) {
    if (placement.libraries.empty() || is_default_directory(placement.libraries))
      continue;
    std::vector<std::string> argv = {"patchelf", "--set-rpath", "/" + placement.libraries};
    argv.push_back(tree.display(placement.to));
    for (const Library &library : needed_libraries(sources, placement))
      argv.push_back(tree.display(placement.libraries + "/" + library.name));
    const base::Finished done = host.programs.run({.argv = argv});
    if (done.status != 0)
      base::fail(Kind::config,
                 "{}: patchelf cannot say in {} where its libraries are: {}",
                 placement.where,
                 placement.to,
                 base::printable(done.errors));
  }
}

} // namespace bakery
