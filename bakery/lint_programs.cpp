// SPDX-License-Identifier: Apache-2.0
#include "bakery/lint_rules.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <set>

namespace bakery {

namespace {

std::string_view file_name(std::string_view path)
{
  return path.substr(path.rfind('/') + 1);
}

std::string_view directory_of(std::string_view path)
{
  return path.substr(0, path.rfind('/'));
}

/// Where loaders look by themselves: /usr/lib, /usr/lib64, /usr/local/lib, and one directory of an
/// architecture in it, as Debian has.
bool is_searched(std::string_view directory)
{
  for (const std::string_view top : {"usr/lib", "usr/lib64", "usr/local/lib", "lib", "lib64"}) {
    if (directory == top)
      return true;
    if (directory.starts_with(top) && directory.size() > top.size() &&
        directory[top.size()] == '/') {
      const std::string_view rest = directory.substr(top.size() + 1);
      if (rest.find('/') == std::string_view::npos &&
          rest.find("-linux-") != std::string_view::npos)
        return true;
    }
  }
  return false;
}

void add_libraries(const Contents &contents, std::set<std::string, std::less<>> &names)
{
  for (const auto &[path, entry] : contents.entries)
    if (!entry.is_directory() && path.find(".so") != std::string::npos &&
        is_searched(directory_of(path)))
      names.emplace(file_name(path));
}

bool is_in_paths(const Contents &contents,
                 const std::string &program,
                 const std::vector<std::string> &paths,
                 const std::string &library)
{
  for (std::string path : paths) {
    for (const std::string_view origin : {"$ORIGIN", "${ORIGIN}"})
      if (path.starts_with(origin))
        path.replace(0, origin.size(), "/" + std::string(directory_of(program)));
    // "a/b/../c" is as it stands in what linkers write; the tree has no such names.
    for (std::size_t up = 0; (up = path.find("/..")) != std::string::npos;) {
      const std::size_t before = up == 0 ? 0 : path.rfind('/', up - 1);
      path.erase(before, up + 3 - before);
    }
    if (!path.empty() && contents.find(path.substr(1) + "/" + library) != nullptr)
      return true;
  }
  return false;
}

/// Where libraries may be.
struct Known {
  const Contents &image;
  const Contents *system;                       ///< null if it is not known
  std::set<std::string, std::less<>> libraries; ///< in the directories that loaders search
};

bool has_library(const Known &known,
                 const std::string &program,
                 const Elf &elf,
                 const std::string &library)
{
  return known.libraries.contains(library) ||
         (known.system == nullptr && is_of_c_library(library)) ||
         is_in_paths(known.image, program, elf.paths, library) ||
         (known.system != nullptr && is_in_paths(*known.system, program, elf.paths, library));
}

/// "/lib64/ld-linux-x86-64.so.2" lies in /usr/lib64 on systems whose /lib64 is a symlink.
bool has_loader(const Known &known, const Elf &elf)
{
  if (!elf.interpreter.starts_with('/'))
    return true;
  for (const std::string &path : {elf.interpreter.substr(1), "usr" + elf.interpreter})
    if (known.image.find(path) != nullptr || known.system->find(path) != nullptr)
      return true;
  return false;
}

Finding missing(const std::string &path, const std::string &what, const Surroundings &around)
{
  return {.rule = {},
          .gravity = around.base != nullptr ? Gravity::error : Gravity::warning,
          .path = "/" + path,
          .what = around.base != nullptr
                      ? fmt::format("it needs {}, which neither the image nor the system has", what)
                      : fmt::format("it needs {}, which the image does not have; whether the "
                                    "system has it can be told with --base",
                                    what)};
}

} // namespace

std::vector<Finding> find_missing_libraries(const Subject &subject, const Surroundings &around)
{
  Known known{.image = subject.contents, .system = around.base, .libraries = {}};
  add_libraries(subject.contents, known.libraries);
  if (around.base != nullptr)
    add_libraries(*around.base, known.libraries);
  std::vector<Finding> findings;
  for (const auto &[path, entry] : subject.contents.entries) {
    if (!entry.elf)
      continue;
    for (const std::string &library : entry.elf->needed)
      if (!has_library(known, path, *entry.elf, library))
        findings.push_back(missing(path, library, around));
    if (around.base != nullptr && !has_loader(known, *entry.elf))
      findings.push_back(missing(path, entry.elf->interpreter, around));
  }
  return findings;
}

std::vector<Finding> find_other_machines(const Subject &subject, const Surroundings & /*around*/)
{
  std::vector<Finding> findings;
  const auto wanted = elf_machine(subject.architecture);
  for (const auto &[path, entry] : subject.contents.entries) {
    if (!entry.elf)
      continue;
    // Firmware runs elsewhere, and BPF in the kernel's own machine.
    if (path.starts_with("usr/lib/firmware/") || entry.elf->machine == EM_BPF)
      continue;
    if (subject.architecture == any_architecture)
      findings.push_back({.rule = {},
                          .path = "/" + path,
                          .what = "it is a program of one machine, and the image is for any"});
    else if (wanted && entry.elf->machine != *wanted)
      findings.push_back({.rule = {},
                          .path = "/" + path,
                          .what = fmt::format("it is a program of another machine than {}",
                                              subject.architecture)});
  }
  return findings;
}

} // namespace bakery
